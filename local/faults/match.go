package faults

import "strings"

// match reports whether text is what pattern says, in which * is any text.
func match(pattern, text string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return text == pattern
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], after
	}
}

// concerns reports whether the fault is about calls of this operation at all.
func (f Fault) concerns(service, operation string) bool {
	if f.Service == "*" {
		if service == Invocations || service == Deliveries {
			return false
		}
	} else if f.Service != service {
		return false
	}
	return match(f.Operation, operation)
}
