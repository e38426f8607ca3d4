package dynamodb

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// place is where an item stands in a table or an index: the partition, and its order
// within it. Both are strings that sort as the key values do.
type place struct{ hash, order string }

// entry is one row of a collection. A row of the table stands in its indexes too.
type entry struct {
	order string
	row   *row
}

// partition holds the entries of one hash key, sorted by order.
type partition struct {
	token   uint64 // place among the partitions, as random as DynamoDB's
	hash    string
	entries []entry
}

// collection is a table or an index: partitions by hash, and sorted by token.
type collection struct {
	byHash map[string]*partition
	sorted []*partition
}

func tokenOf(hash string) uint64 {
	sum := sha256.Sum256([]byte(hash))
	return binary.BigEndian.Uint64(sum[:8])
}

func (p *partition) search(order string) (int, bool) {
	return slices.BinarySearchFunc(p.entries, order, func(e entry, o string) int { return strings.Compare(e.order, o) })
}

func (c *collection) searchPartition(token uint64, hash string) (int, bool) {
	return slices.BinarySearchFunc(c.sorted, hash, func(p *partition, h string) int {
		return cmp.Or(cmp.Compare(p.token, token), strings.Compare(p.hash, h))
	})
}

func (c *collection) find(at place) *row {
	p := c.byHash[at.hash]
	if p == nil {
		return nil
	}
	i, ok := p.search(at.order)
	if !ok {
		return nil
	}
	return p.entries[i].row
}

func (c *collection) insert(at place, r *row) {
	if c.byHash == nil {
		c.byHash = map[string]*partition{}
	}
	p := c.byHash[at.hash]
	if p == nil {
		p = &partition{token: tokenOf(at.hash), hash: at.hash}
		i, _ := c.searchPartition(p.token, p.hash)
		c.byHash[at.hash], c.sorted = p, slices.Insert(c.sorted, i, p)
	}
	i, _ := p.search(at.order)
	p.entries = slices.Insert(p.entries, i, entry{at.order, r})
}

func (c *collection) remove(at place) {
	p := c.byHash[at.hash]
	if p == nil {
		return
	}
	if i, ok := p.search(at.order); ok {
		p.entries = slices.Delete(p.entries, i, i+1)
	}
	if len(p.entries) == 0 {
		i, _ := c.searchPartition(p.token, p.hash)
		c.sorted = slices.Delete(c.sorted, i, i+1)
		delete(c.byHash, at.hash)
	}
}

// within yields the entries of one partition from low (included) to high (excluded,
// "" for none), forward or backward, beginning beyond after unless that is nil.
func (c *collection) within(hash, low, high string, forward bool, after *string) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		p := c.byHash[hash]
		if p == nil {
			return
		}
		from, _ := p.search(low)
		to := len(p.entries)
		if high != "" {
			to, _ = p.search(high)
		}
		if after != nil {
			i, ok := p.search(*after)
			if !forward {
				to = min(to, i)
			} else if ok {
				from = max(from, i+1)
			} else {
				from = max(from, i)
			}
		}
		for i := range max(to-from, 0) {
			e := p.entries[from:to][i]
			if !forward {
				e = p.entries[to-1-i]
			}
			if !yield(e) {
				return
			}
		}
	}
}

// all yields the entries of one segment of total, beginning beyond after unless that
// is nil.
func (c *collection) all(segment, total int, after *place) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		from := 0
		if after != nil {
			from, _ = c.searchPartition(tokenOf(after.hash), after.hash)
		}
		for _, p := range c.sorted[from:] {
			if s := segmentOf(p.token, total); s < segment {
				continue
			} else if s > segment {
				return
			}
			var beyond *string
			if after != nil && p.hash == after.hash {
				beyond = &after.order
			}
			for e := range c.within(p.hash, "", "", true, beyond) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// segmentOf is the segment, of total, that a partition with this token is in.
func segmentOf(token uint64, total int) int {
	high, _ := bits.Mul64(token, uint64(total))
	return int(high)
}
