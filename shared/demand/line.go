package demand

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// A list has millions of lines, nearly all of them without a character that JSON
// escapes. Those are written and read here, several times as fast; all others by
// encoding/json. The bytes are encoding/json's in either case.

// appendLine appends an object as one line of a list.
func appendLine(b []byte, o Object) ([]byte, error) {
	if !plain(o.Bucket) || !plain(o.Key) || !plain(o.VersionID) || !plain(o.Sequencer) || !plain(o.ETag) || !plain(string(o.Gone)) {
		var line bytes.Buffer
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		err := enc.Encode(o)
		return append(b, line.Bytes()...), err
	}
	b = append(append(b, `{"bucket":"`...), o.Bucket...)
	b = append(append(b, `","key":"`...), o.Key...)
	if o.VersionID != "" {
		b = append(append(b, `","versionId":"`...), o.VersionID...)
	}
	b = append(append(b, `","sequencer":"`...), o.Sequencer...)
	if o.ETag != "" {
		b = append(append(b, `","etag":"`...), o.ETag...)
	}
	b = strconv.AppendInt(append(b, `","size":`...), o.Size, 10)
	if o.Gone != "" {
		b = append(append(append(b, `,"gone":"`...), o.Gone...), '"')
	}
	return append(b, "}\n"...), nil
}

// plain reports whether text stands in JSON as it is.
func plain[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

// parseLine reads one line of a list, without its end.
func parseLine(line []byte) (o Object, err error) {
	if o, ok := parsePlain(string(line)); ok {
		return o, nil
	}
	err = json.Unmarshal(line, &o)
	return o, err
}

// parsePlain reads a line that appendLine wrote without help; ok is false for any
// other. The object's fields are parts of the line.
func parsePlain(line string) (o Object, ok bool) {
	rest := line
	next := func(before string) (text string) {
		if after, found := strings.CutPrefix(rest, before); found {
			if text, after, found = strings.Cut(after, `"`); found && plain(text) {
				rest, ok = after, true
				return text
			}
		}
		ok = false
		return ""
	}
	if o.Bucket = next(`{"bucket":"`); !ok {
		return o, false
	}
	if o.Key = next(`,"key":"`); !ok {
		return o, false
	}
	o.VersionID = next(`,"versionId":"`) // may be missing, as the etag and what is gone
	if o.Sequencer = next(`,"sequencer":"`); !ok {
		return o, false
	}
	o.ETag = next(`,"etag":"`)
	digits, found := strings.CutPrefix(rest, `,"size":`)
	end := strings.IndexAny(digits, `,}`)
	if !found || end < 1 || digits[0] != '-' && (digits[0] < '0' || digits[0] > '9') || digits[0] == '0' && end > 1 || strings.HasPrefix(digits, "-0") {
		return o, false // none, or spelled as JSON forbids
	}
	size, err := strconv.ParseInt(digits[:end], 10, 64)
	if err != nil {
		return o, false
	}
	o.Size, rest = size, digits[end:]
	o.Gone = Gone(next(`,"gone":"`))
	return o, rest == "}"
}
