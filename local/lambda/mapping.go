package lambda

import (
	"strings"
	"time"

	"sluice/local/lambda/partial"
	"sluice/local/sim"
	"sluice/local/wire"
)

// Queues is what pollers need of SQS. All methods are called with the world held.
type Queues interface {
	// Receive takes up to max (1 to 10) visible messages, which become invisible.
	Receive(queueARN string, max int) []Message
	// Delete removes a received message for good.
	Delete(queueARN, receiptHandle string)
	// Release makes a received message visible again at once.
	Release(queueARN, receiptHandle string)
	// OnArrival calls fn whenever a message becomes visible: when it is sent, when
	// its delay is over, and when it comes back because nobody deleted it.
	OnArrival(queueARN string, fn func())
	// VisibilityTimeout is the queue's, and reports false for a queue that is not there.
	VisibilityTimeout(queueARN string) (time.Duration, bool)
}

// Message is one received SQS message.
type Message struct {
	ID            string
	ReceiptHandle string
	Body          string
	MD5           string
	Attributes    map[string]string // ApproximateReceiveCount, SentTimestamp, ...
	UserMetadata  map[string]Attribute
}

// Attribute is a message attribute of the sender, in the form of the Lambda event.
type Attribute struct {
	StringValue string   `json:"stringValue,omitempty"`
	BinaryValue []byte   `json:"binaryValue,omitempty"`
	StringList  []string `json:"stringListValues"`
	BinaryList  [][]byte `json:"binaryListValues"`
	DataType    string   `json:"dataType"`
}

// MappingConfig is an event source mapping from a queue to a function.
type MappingConfig struct {
	FunctionARN        string // or its name; a qualifier is kept
	QueueARN           string
	BatchSize          int           // 1 to 10000; 0 is 10
	Window             time.Duration // MaximumBatchingWindowInSeconds, 0 to 300 s
	ReportItemFailures bool
	MaxConcurrency     int // 2 to 1000; 0 is unset
	Disabled           bool
}

// Mapping polls one queue for one function.
type Mapping struct {
	MappingConfig
	ID       string
	Modified time.Time

	s        *Service
	gather   []Message // received, waiting for the batch to fill
	size     int       // of the gathered records as JSON, in bytes
	window   *sim.Timer
	overdue  bool // the window is over, and the batch waits for its turn
	polling  *sim.Timer
	scaling  *sim.Timer
	inFlight int // batches at the function
	limit    int // batches that may be in flight now
}

// Pollers: the first batches in flight and growth per minute (AWS.md E), and an
// assumed time from arrival to receipt, in which a burst comes together.
const (
	firstBatches = 5
	growBatches  = 300
	mostBatches  = 1250
	pollDelay    = 20 * time.Millisecond
)

// CreateMapping starts polling. Errors: InvalidParameterValueException,
// ResourceNotFoundException, ResourceConflictException.
func (s *Service) CreateMapping(c MappingConfig) (*Mapping, error) {
	f, err := s.find(c.FunctionARN)
	if err != nil {
		return nil, err
	}
	if c.BatchSize == 0 {
		c.BatchSize = 10
	}
	if err := s.checkMapping(f, c); err != nil {
		return nil, err
	}
	for _, other := range s.mappings {
		if other.QueueARN == c.QueueARN && other.FunctionARN == c.FunctionARN {
			return nil, &wire.Error{Code: "ResourceConflictException", Status: 409,
				Message: "An event source mapping with SQS arn (\" " + c.QueueARN + " \") and function (\" " + f.Name + " \") already exists. Please update or delete the existing mapping with UUID " + other.ID}
		}
	}
	m := &Mapping{MappingConfig: c, ID: s.world.UUID("lambda/mapping"), Modified: s.world.Now(), s: s}
	m.limit = m.floor()
	s.mappings = append(s.mappings, m)
	if !c.Disabled {
		s.Queues.OnArrival(c.QueueARN, m.wake)
		m.wake()
	}
	return m, nil
}

func (s *Service) checkMapping(f place, c MappingConfig) error {
	switch {
	case s.Queues == nil:
		return invalid("no queues are wired to lambda")
	case !strings.HasPrefix(c.QueueARN, "arn:aws:sqs:"):
		return invalid("event source %q is no SQS queue; of other event sources, local AWS has DynamoDB streams only", c.QueueARN)
	case strings.HasSuffix(c.QueueARN, ".fifo"):
		return invalid("event source %s is a FIFO queue, which local AWS does not poll", c.QueueARN)
	case c.BatchSize < 1 || c.BatchSize > 10000:
		return invalid("BatchSize is %d; it must be 1 to 10000", c.BatchSize)
	case c.Window < 0 || c.Window > 300*time.Second:
		return invalid("MaximumBatchingWindowInSeconds is %.0f; it must be 0 to 300", c.Window.Seconds())
	case c.BatchSize > 10 && c.Window < time.Second:
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	case c.MaxConcurrency != 0 && (c.MaxConcurrency < 2 || c.MaxConcurrency > 1000):
		return invalid("MaximumConcurrency is %d; it must be 2 to 1000", c.MaxConcurrency)
	}
	visibility, ok := s.Queues.VisibilityTimeout(c.QueueARN)
	if !ok {
		return invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.")
	}
	if visibility < f.Timeout {
		return invalid("Queue visibility timeout: %.0f seconds is less than Function timeout: %.0f seconds", visibility.Seconds(), f.Timeout.Seconds())
	}
	if s.Roles != nil {
		for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
			if s.Roles.AllowRole(f.RoleARN, wire.Access{Action: "sqs:" + action, Resource: c.QueueARN}) != nil {
				return invalid("The function execution role does not have permissions to call %s on SQS", action)
			}
		}
	}
	return nil
}

func (m *Mapping) floor() int {
	if m.MaxConcurrency > 0 {
		return min(m.MaxConcurrency, firstBatches)
	}
	return firstBatches
}

func (m *Mapping) ceiling() int {
	if m.MaxConcurrency > 0 {
		return m.MaxConcurrency
	}
	return mostBatches
}

// wake polls soon. Arrivals until then are received together.
func (m *Mapping) wake() {
	if m.polling != nil || m.Disabled {
		return
	}
	m.polling = m.s.world.After(pollDelay, "poll "+m.QueueARN, func() {
		m.polling = nil
		m.poll()
	})
}

// poll receives until the queue is empty or as many batches as may be are in flight.
func (m *Mapping) poll() {
	for m.inFlight < m.limit {
		got := m.s.Queues.Receive(m.QueueARN, min(10, m.BatchSize-len(m.gather)))
		for i, msg := range got {
			if m.add(msg) {
				continue
			}
			for _, rest := range got[i:] { // no batch may fly with it now
				m.s.Queues.Release(m.QueueARN, rest.ReceiptHandle)
			}
			break
		}
		if len(m.gather) >= m.BatchSize {
			m.flush()
			continue
		}
		if len(got) == 0 {
			break
		}
	}
	switch {
	case len(m.gather) == 0:
	case m.Window == 0 || m.overdue:
		m.flush()
	case m.window == nil:
		m.window = m.s.world.After(m.Window, "batch window "+m.QueueARN, func() {
			m.window, m.overdue = nil, true
			m.flush()
		})
	}
	m.scale()
}

// add gathers a message. A batch that would pass Lambda's bound goes without it; it
// reports false if that batch cannot go now.
func (m *Mapping) add(msg Message) bool {
	n := len(marshal(m.record(msg))) + 1
	if len(m.gather) > 0 && m.size+n+len(`{"Records":[]}`) > maxSync {
		m.flush()
		if len(m.gather) > 0 {
			return false
		}
	}
	m.gather = append(m.gather, msg)
	m.size += n
	return true
}

// scale lets more batches fly while all that may are flying. Without work it falls
// back to the first few.
func (m *Mapping) scale() {
	if m.inFlight == 0 {
		m.limit = m.floor()
		m.scaling.Stop()
		m.scaling = nil
		return
	}
	if m.inFlight < m.limit || m.limit >= m.ceiling() || m.scaling != nil {
		return
	}
	m.scaling = m.s.world.After(time.Minute, "scale pollers "+m.QueueARN, func() {
		m.scaling = nil
		if m.inFlight >= m.limit {
			m.limit = min(m.limit+growBatches, m.ceiling())
			m.poll()
		}
	})
}

// flush sends what is gathered to the function, unless too many batches are with it.
func (m *Mapping) flush() {
	if len(m.gather) == 0 || m.inFlight >= m.limit {
		return
	}
	m.window.Stop()
	batch := m.gather
	m.gather, m.size, m.window, m.overdue = nil, 0, nil, false
	m.inFlight++
	m.s.Invoke(m.FunctionARN, m.envelope(batch), func(r Result) {
		m.inFlight--
		m.settle(batch, r)
		m.wake()
	})
}

// settle deletes what the function has done. What it has not stays invisible until
// the queue's visibility timeout, as does everything after an error or a throttle.
func (m *Mapping) settle(batch []Message, r Result) {
	if r.Err != nil || r.FunctionError != "" {
		return
	}
	failed := map[string]bool{}
	if m.ReportItemFailures {
		var ids []string
		for _, msg := range batch {
			ids = append(ids, msg.ID)
		}
		var ok bool
		if failed, ok = partial.Failures(r.Payload, ids); !ok {
			return
		}
	}
	for _, msg := range batch {
		if !failed[msg.ID] {
			m.s.Queues.Delete(m.QueueARN, msg.ReceiptHandle)
		}
	}
}
