package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Placeholders are the words that ${...} in a pipeline parameter may hold, each
// filled when a training run is launched.
var Placeholders = []string{
	"manifest",      // S3 URI of the manifest of the run
	"manifestCount", // number of objects in it
	"manifestBytes", // their size in all
	"causes",        // what asked for the run: data, drift, manual, ... joined by commas
	"model",         // the model's name
	"generation",    // number of the demand that the run answers
}

// Expand is the pipeline's parameters with placeholders filled from values and $$
// turned into $. Errors: a placeholder that values does not hold.
func (p Pipeline) Expand(values map[string]string) (map[string]string, error) {
	expanded := make(map[string]string, len(p.Parameters))
	for name, text := range p.Parameters {
		var out strings.Builder
		problem := scan(text, func(literal string) { out.WriteString(literal) }, func(word string) error {
			value, known := values[word]
			if !known {
				return fmt.Errorf("pipeline parameter %s: no value for ${%s}", name, word)
			}
			out.WriteString(value)
			return nil
		})
		if problem != nil {
			return nil, problem
		}
		expanded[name] = out.String()
	}
	return expanded, nil
}

// placeholderError is a $ that begins neither a placeholder nor $$.
type placeholderError struct{ message, fix string }

func (e *placeholderError) Error() string { return e.message + "; " + e.fix }

// scan splits text into literal parts and the words of its placeholders.
func scan(text string, literal func(string), word func(string) error) error {
	for {
		before, after, found := strings.Cut(text, "$")
		literal(before)
		if !found {
			return nil
		}
		switch {
		case strings.HasPrefix(after, "$"):
			literal("$")
			text = after[1:]
		case strings.HasPrefix(after, "{"):
			name, rest, closed := strings.Cut(after[1:], "}")
			if !closed {
				return &placeholderError{"${ is not closed", "close it with }, or write $$ for a dollar sign"}
			}
			if err := word(name); err != nil {
				return err
			}
			text = rest
		default:
			return &placeholderError{"a $ stands alone", "write $$ for a dollar sign"}
		}
	}
}

func (r *report) placeholders(field, text string) {
	unknown := func(name string) error {
		if slices.Contains(Placeholders, name) {
			return nil
		}
		fix := "known: " + list(Placeholders)
		if meant := closest(name, Placeholders); meant != "" {
			fix = "did you mean ${" + meant + "}?"
		}
		return &placeholderError{quote("${"+name+"}") + " is not a placeholder", fix}
	}
	if err := scan(text, func(string) {}, unknown); err != nil {
		wrong := err.(*placeholderError)
		r.add(field, wrong.message, wrong.fix)
	}
}

// list is words as a sentence has them: a, b or c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func contains(words []string, word string) bool { return slices.Contains(words, word) }
