package exec

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"
)

// arguments are the evaluated arguments of a call.
type arguments []any

func (a arguments) list(i int) ([]any, error) {
	list, ok := a[i].([]any)
	if !ok {
		return nil, fmt.Errorf("argument %d must be an array, but it is %s", i+1, Encode(a[i]))
	}
	return list, nil
}

func (a arguments) text(i int) (string, error) {
	s, ok := a[i].(string)
	if !ok {
		return "", fmt.Errorf("argument %d must be a string, but it is %s", i+1, Encode(a[i]))
	}
	return s, nil
}

func (a arguments) short(i int) (string, error) {
	s, err := a.text(i)
	if err == nil && utf8.RuneCountInString(s) > maxText {
		err = fmt.Errorf("argument %d must not be longer than %d characters", i+1, maxText)
	}
	return s, err
}

// integer rounds half up, as recorded from AWS: -1.5 is -1.
func (a arguments) integer(i int) (int64, error) {
	switch v := a[i].(type) {
	case int64:
		return v, nil
	case float64:
		return int64(math.Floor(v + 0.5)), nil
	}
	return 0, fmt.Errorf("argument %d must be a number, but it is %s", i+1, Encode(a[i]))
}

func (a arguments) partition() (any, error) {
	list, err := a.list(0)
	if err != nil {
		return nil, err
	}
	n, err := a.integer(1)
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, errors.New("the size of a chunk must be 1 or more")
	}
	out := []any{}
	for chunk := range slices.Chunk(list, int(min(n, int64(max(len(list), 1))))) {
		out = append(out, slices.Clone(chunk))
	}
	return out, nil
}

func (a arguments) span() (any, error) {
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = a.integer(i); err != nil {
			return nil, err
		}
	}
	first, last, step := n[0], n[1], n[2]
	if step == 0 {
		return nil, errors.New("the step must not be 0")
	}
	out := []any{}
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		if len(out) == maxRange {
			return nil, fmt.Errorf("the array would have more than %d elements", maxRange)
		}
		out = append(out, i)
	}
	return out, nil
}

func (a arguments) item() (any, error) {
	list, err := a.list(0)
	if err != nil {
		return nil, err
	}
	i, err := a.integer(1)
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("index %d is outside the array of %d elements", i, len(list))
	}
	return list[i], nil
}

func (a arguments) unique() (any, error) {
	list, err := a.list(0)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, v := range list {
		if !slices.ContainsFunc(out, func(o any) bool { return equal(o, v) }) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (a arguments) decode() (any, error) {
	s, err := a.short(0)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err
}

func (a arguments) hash() (any, error) {
	s, err := a.data()
	if err != nil {
		return nil, err
	}
	algorithm, err := a.text(1)
	if err != nil {
		return nil, err
	}
	var sum []byte
	switch algorithm {
	case "MD5":
		h := md5.Sum(s)
		sum = h[:]
	case "SHA-1":
		h := sha1.Sum(s)
		sum = h[:]
	case "SHA-256":
		h := sha256.Sum256(s)
		sum = h[:]
	case "SHA-384":
		h := sha512.Sum384(s)
		sum = h[:]
	case "SHA-512":
		h := sha512.Sum512(s)
		sum = h[:]
	default:
		return nil, fmt.Errorf("there is no algorithm %q: use MD5, SHA-1, SHA-256, SHA-384 or SHA-512", algorithm)
	}
	return hex.EncodeToString(sum), nil
}

// data is the text to hash: a string as it is, anything else as JSON.
func (a arguments) data() ([]byte, error) {
	s, ok := a[0].(string)
	if !ok {
		s = Encode(a[0])
	}
	if utf8.RuneCountInString(s) > maxText {
		return nil, fmt.Errorf("argument 1 must not be longer than %d characters", maxText)
	}
	return []byte(s), nil
}

func (a arguments) merge() (any, error) {
	x, ok1 := a[0].(map[string]any)
	y, ok2 := a[1].(map[string]any)
	if !ok1 || !ok2 {
		return nil, errors.New("the first two arguments must be objects")
	}
	if deep, ok := a[2].(bool); !ok || deep {
		return nil, errors.New("only the shallow merge is supported: the third argument must be false")
	}
	out := maps.Clone(x)
	maps.Copy(out, y)
	return out, nil
}

// random draws from the start to the end, the end not included. With a seed the
// number is always the same, though not the one that AWS would draw.
func (a arguments) random(h Host) (any, error) {
	lo, err := a.integer(0)
	if err != nil {
		return nil, err
	}
	hi, err := a.integer(1)
	if err != nil {
		return nil, err
	}
	if hi <= lo {
		return nil, errors.New("the end must be greater than the start")
	}
	if len(a) == 2 {
		return h.Random(lo, hi), nil
	}
	seed, err := a.integer(2)
	if err != nil {
		return nil, err
	}
	return lo + rand.New(rand.NewPCG(uint64(seed), 0)).Int64N(hi-lo), nil
}

// split cuts at every character of the splitter and drops empty parts, as recorded
// from AWS.
func (a arguments) split() (any, error) {
	s, err := a.text(0)
	if err != nil {
		return nil, err
	}
	splitter, err := a.text(1)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(splitter, r) }) {
		out = append(out, part)
	}
	return out, nil
}

func (a arguments) format() (any, error) {
	s, err := a.text(0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	rest := a[1:]
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`'{}\`, s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], "{}"):
			if len(rest) == 0 {
				return nil, errors.New("there are more {} than arguments")
			}
			b.WriteString(display(rest[0]))
			rest = rest[1:]
			i++
		default:
			b.WriteByte(s[i])
		}
	}
	if len(rest) > 0 {
		return nil, errors.New("there are more arguments than {}")
	}
	return b.String(), nil
}
