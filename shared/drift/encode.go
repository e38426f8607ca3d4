package drift

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Format is the first byte of an encoded sketch. A sketch of another one is not read,
// but made again.
const Format = 1

// maxEncoded bounds a sketch that is read, in bytes, uncompressed.
const maxEncoded = 256 << 20

// Encode writes the sketch: the same bytes for the same rows, in whatever order they
// came. Numbers are variable in length, bins the distance from the one before; gzip
// does the rest.
func (s *Sketch) Encode() []byte {
	b := []byte{Format}
	for _, n := range []int64{s.rows[Input], s.rows[Answer], s.Dropped, int64(len(s.features))} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, name := range slices.Sorted(maps.Keys(s.features)) {
		f := s.features[name]
		b = appendText(b, name)
		b = binary.AppendUvarint(b, uint64(f.side))
		b = binary.AppendUvarint(b, uint64(f.numbers.GetZeroCount()))
		b = appendBins(b, f.numbers.GetPositiveValueStore())
		b = appendBins(b, f.numbers.GetNegativeValueStore())
		b = binary.AppendUvarint(b, uint64(f.other))
		b = binary.AppendUvarint(b, uint64(len(f.texts)))
		for _, text := range slices.Sorted(maps.Keys(f.texts)) {
			b = binary.AppendUvarint(appendText(b, text), uint64(f.texts[text]))
		}
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// bin is how often numbers of one place on the scale came.
type bin struct {
	at    int64
	count int64
}

// bins are a store's, in the order of the scale.
func bins(s store.Store) []bin {
	var all []bin
	s.ForEach(func(index int, count float64) bool {
		all = append(all, bin{int64(index), int64(count)})
		return false
	})
	slices.SortFunc(all, func(a, b bin) int { return int(a.at - b.at) })
	return all
}

func appendBins(b []byte, s store.Store) []byte {
	all := bins(s)
	b = binary.AppendUvarint(b, uint64(len(all)))
	last := int64(0)
	for _, one := range all {
		b = binary.AppendUvarint(binary.AppendVarint(b, one.at-last), uint64(one.count))
		last = one.at
	}
	return b
}

var errCut = errors.New("it is cut off, or no sketch")

// Decode reads what Encode wrote. Errors: it is none, or of another format.
func Decode(encoded []byte) (*Sketch, error) {
	z, err := gzip.NewReader(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("reading a sketch: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxEncoded))
	if err != nil {
		return nil, fmt.Errorf("reading a sketch: %w", err)
	}
	if len(b) == 0 || b[0] != Format {
		return nil, fmt.Errorf("reading a sketch: it is not of format %d", Format)
	}
	d := decoder{rest: b[1:]}
	s := d.sketch()
	if d.err == nil && len(d.rest) > 0 {
		d.err = errCut
	}
	if d.err != nil {
		return nil, fmt.Errorf("reading a sketch: %w", d.err)
	}
	return s, nil
}

// decoder reads on until something is wrong; then it reads zeros.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) sketch() *Sketch {
	s := New()
	s.rows[Input], s.rows[Answer], s.Dropped = d.count(), d.count(), d.count()
	for n := d.count(); n > 0 && d.err == nil; n-- {
		name, side := d.text(), d.count()
		if side > int64(Answer) || s.features[name] != nil {
			d.err = errCut
			return s
		}
		f := s.feature(Side(side), name)
		if f == nil {
			d.err = errCut
			return s
		}
		if zeros := d.count(); zeros > 0 {
			f.number(0, zeros)
		}
		d.bins(f.numbers.GetPositiveValueStore())
		d.bins(f.numbers.GetNegativeValueStore())
		f.other = d.count()
		for texts := d.count(); texts > 0 && d.err == nil; texts-- {
			text := d.text()
			f.text(text, d.count())
		}
	}
	return s
}

// most is the largest count that a sketch can have and still count on.
const most = 1 << 50

func (d *decoder) count() int64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 || n > most {
		d.err, d.rest = errCut, nil
		return 0
	}
	d.rest = d.rest[size:]
	return int64(n)
}

func (d *decoder) text() string {
	n := d.count()
	if n > int64(len(d.rest)) {
		d.err, d.rest = errCut, nil
		return ""
	}
	text := string(d.rest[:n])
	d.rest = d.rest[n:]
	return text
}

// The ends of the scale, which no number is beyond.
var lowest, highest = int64(scale.Index(smallest)), int64(scale.Index(largest))

func (d *decoder) bins(into store.Store) {
	at := int64(0)
	for n := d.count(); n > 0 && d.err == nil; n-- {
		step, size := binary.Varint(d.rest)
		if size <= 0 {
			d.err, d.rest = errCut, nil
			return
		}
		d.rest = d.rest[size:]
		at += step
		count := d.count()
		if at < lowest || at > highest || count == 0 {
			d.err = errCut
			return
		}
		into.AddWithCount(int(at), float64(count))
	}
}
