package pattern

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// cidr is {"cidr": "10.0.0.0/24"}: an IP address in a block.
type cidr struct{ first, last netip.Addr }

func (c cidr) match(v value) bool {
	if v.kind != stringKind {
		return false
	}
	a, err := netip.ParseAddr(v.text)
	return err == nil && a.Zone() == "" && a.BitLen() == c.first.BitLen() && c.first.Compare(a) <= 0 && a.Compare(c.last) <= 0
}

// addressForm is what AWS takes for an attempt at an address.
var addressForm = regexp.MustCompile(`^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*)$`)

func parseCIDR(r *reader) (test, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	s, ok := r.token.(string)
	if !ok {
		return nil, r.fail("prefix match pattern must be a string")
	}
	c, wrong := newCIDR(s)
	if wrong != "" {
		return nil, &Error{Path: joined(r.path), Operator: r.operator, Reason: wrong} // AWS says no place here
	}
	return c, r.close()
}

// newCIDR reads a block, or says what is wrong with it.
func newCIDR(s string) (c cidr, wrong string) {
	ip, mask, ok := strings.Cut(s, "/")
	if !ok || strings.Contains(mask, "/") {
		return c, "Malformed CIDR, one '/' required"
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		return c, "Malformed CIDR, mask bits must be an integer"
	}
	if bits < 0 {
		return c, "Malformed CIDR, mask bits must not be negative"
	}
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Zone() != "" {
		if addressForm.MatchString(ip) {
			return c, "Invalid IP address: " + ip
		}
		return c, "Nonstandard IP address: " + ip
	}
	if a.Is4() && bits > 31 {
		return c, "IPv4 mask bits must be < 32"
	}
	if !a.Is4() && bits > 127 {
		return c, "IPv6 mask bits must be < 128"
	}
	first, last := a.AsSlice(), a.AsSlice()
	for i := range last {
		if free := 8*(i+1) - bits; free > 0 {
			first[i] &^= byte(1<<min(free, 8) - 1)
			last[i] |= byte(1<<min(free, 8) - 1)
		}
	}
	from, _ := netip.AddrFromSlice(first)
	to, _ := netip.AddrFromSlice(last)
	return cidr{from, to}, ""
}
