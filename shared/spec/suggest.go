package spec

import (
	"reflect"
	"slices"
	"strings"
)

// closest is the candidate that a word was probably meant to be, or "".
func closest(word string, candidates []string) string {
	best, bestDistance := "", 3
	for _, c := range candidates {
		if strings.EqualFold(word, c) {
			return c
		}
		if bestDistance > 0 && len(word) > 2 && strings.HasPrefix(c, strings.ToLower(word)) {
			best, bestDistance = c, 0
		}
		// A third of the letters may differ, so that short words do not match all.
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance && d*3 <= len(c)+1 {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour. Long words are not compared: they are no misspelt field.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// unknownFix says what a key that does not exist was meant to be: a misspelt
// neighbour, a field that belongs elsewhere, or else what there is.
func unknownFix(meant, key string, names []string) string {
	if meant != "" {
		return "did you mean " + meant + "?"
	}
	homes := homesOf(key)
	if len(homes) > 0 && len(homes) <= 3 {
		return "it belongs in " + list(homes)
	}
	outside := func(home string) bool { return !strings.HasPrefix(home, "rollout.") }
	if len(homes) > 0 && !slices.ContainsFunc(homes, outside) {
		return "it belongs in a block of rollout, like " + homes[0]
	}
	return "known here: " + strings.Join(names, ", ")
}

// homesOf lists the blocks that have a field of this name.
func homesOf(key string) []string {
	var homes []string
	var visit func(t reflect.Type, path string)
	visit = func(t reflect.Type, path string) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			if t.Kind() == reflect.Slice {
				path += "[]"
			}
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		names := fieldsOf(t)
		if slices.Contains(names.names, key) && path != "" {
			homes = append(homes, path)
		}
		for i := range t.NumField() {
			visit(t.Field(i).Type, join(path, names.names[i]))
		}
	}
	visit(reflect.TypeFor[Spec](), "")
	return homes
}
