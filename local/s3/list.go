package s3

import (
	"slices"
	"sort"
	"strings"
)

// index keeps the keys of a bucket in order. New keys wait until the next
// listing, so that a bulk load costs one sort.
type index struct {
	sorted []string
	added  []string
}

func (x *index) note(key string) { x.added = append(x.added, key) }

// keys are all keys in order, some of which may have no versions left.
func (b *bucket) keys() []string {
	if len(b.added) == 0 {
		return b.sorted
	}
	slices.Sort(b.added)
	merged := make([]string, 0, len(b.sorted)+len(b.added))
	old, fresh := b.sorted, b.added
	for len(old) > 0 || len(fresh) > 0 {
		var key string
		if len(fresh) == 0 || len(old) > 0 && old[0] < fresh[0] {
			key, old = old[0], old[1:]
		} else {
			key, fresh = fresh[0], fresh[1:]
		}
		if len(b.objects[key].versions) == 0 {
			delete(b.objects, key)
			continue
		}
		merged = append(merged, key)
	}
	b.sorted, b.added = merged, nil
	return merged
}

// listing is one page of keys and common prefixes.
type listing struct {
	keys     []string
	prefixes []string
	next     string // where the next page begins; "" on the last
}

// list is one page of the keys with this prefix after a place: a key, or the
// common prefix that ended the page before. Only keys that has accepts count.
func (b *bucket) list(prefix, delimiter, after string, most int, has func(*object) bool) listing {
	var page listing
	keys := b.keys()
	last := ""
	for i := sort.SearchStrings(keys, max(prefix, after)); i < len(keys) && strings.HasPrefix(keys[i], prefix); i++ {
		key := keys[i]
		group := commonPrefix(key, prefix, delimiter)
		name := key
		if group != "" {
			name = group
		}
		if name <= after && after != "" || !has(b.objects[key]) {
			continue
		}
		if len(page.keys)+len(page.prefixes) == most {
			page.next = last
			break
		}
		last = name
		if group == "" {
			page.keys = append(page.keys, key)
			continue
		}
		page.prefixes = append(page.prefixes, group)
		i += sort.Search(len(keys)-i, func(n int) bool { return !strings.HasPrefix(keys[i+n], group) }) - 1
	}
	return page
}

// commonPrefix is the part of a key up to the delimiter after the prefix, or "".
func commonPrefix(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
		return key[:len(prefix)+i+len(delimiter)]
	}
	return ""
}
