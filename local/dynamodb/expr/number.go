package expr

import (
	"math/big"
	"strings"
)

// Number is a decimal of up to 38 significant digits, exact, with magnitude from
// 1e-130 to just under 1e126. Its value is 0.digits times ten to the exp. It is kept
// in one form only (no zero at either end of digits, zero is the zero value), so that
// two equal numbers are equal under ==. Source: AWS.md F, limits.
type Number struct {
	neg    bool
	digits string
	exp    int
}

// The texts of DynamoDB for numbers it refuses.
const (
	numberEmpty     = "The parameter cannot be converted to a numeric value"
	numberOverflow  = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	numberUnderflow = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
	numberPrecision = "Attempting to store more than 38 significant digits in a Number"
)

// ParseNumber reads a decimal such as "-1.50" or "2E3". Errors: ValidationException
// with DynamoDB's text.
func ParseNumber(s string) (Number, error) {
	n, msg := parseNumber(s)
	if msg != "" {
		return Number{}, invalid("%s", msg)
	}
	return n, nil
}

// parseNumber returns DynamoDB's text for what is wrong, or "".
func parseNumber(s string) (Number, string) {
	if s == "" {
		return Number{}, numberEmpty
	}
	bad := numberEmpty + ": " + s
	rest, neg := s, false
	if rest[0] == '-' || rest[0] == '+' {
		neg, rest = rest[0] == '-', rest[1:]
	}
	mantissa, exp := rest, 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		mantissa = rest[:i]
		e, ok := parseExponent(rest[i+1:])
		if !ok {
			return Number{}, bad
		}
		exp = e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return Number{}, bad
	}
	n := normalise(neg, whole+fraction, exp+len(whole))
	return n, n.check()
}

// parseExponent reads a signed whole number, cut off far beyond the range.
func parseExponent(s string) (int, bool) {
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" || !allDigits(s) {
		return 0, false
	}
	e := 0
	for _, c := range s {
		e = min(e*10+int(c-'0'), 1_000_000)
	}
	if neg {
		e = -e
	}
	return e, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func normalise(neg bool, digits string, exp int) Number {
	lead := 0
	for lead < len(digits) && digits[lead] == '0' {
		lead++
	}
	digits = strings.TrimRight(digits[lead:], "0")
	if digits == "" {
		return Number{}
	}
	return Number{neg, digits, exp - lead}
}

func (n Number) check() string {
	switch {
	case n.exp > 126:
		return numberOverflow
	case n.digits != "" && n.exp < -129:
		return numberUnderflow
	case len(n.digits) > 38:
		return numberPrecision
	}
	return ""
}

// String prints n as DynamoDB does: plain, without exponent or needless zeros.
func (n Number) String() string {
	if n.digits == "" {
		return "0"
	}
	var b strings.Builder
	if n.neg {
		b.WriteByte('-')
	}
	switch {
	case n.exp <= 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -n.exp))
		b.WriteString(n.digits)
	case n.exp >= len(n.digits):
		b.WriteString(n.digits)
		b.WriteString(strings.Repeat("0", n.exp-len(n.digits)))
	default:
		b.WriteString(n.digits[:n.exp])
		b.WriteByte('.')
		b.WriteString(n.digits[n.exp:])
	}
	return b.String()
}

// Compare is negative, zero or positive as n is less than, equal to or more than m.
func (n Number) Compare(m Number) int {
	if s, t := n.sign(), m.sign(); s != t {
		return s - t
	} else if s == 0 {
		return 0
	}
	c := n.exp - m.exp
	if c == 0 {
		c = strings.Compare(n.digits, m.digits)
	}
	if n.neg {
		return -c
	}
	return c
}

func (n Number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.neg:
		return -1
	}
	return 1
}

// Neg is -n.
func (n Number) Neg() Number {
	n.neg = !n.neg && n.digits != ""
	return n
}

// Add is n + m, exact. A sum that does not fit into 38 digits is refused, as DynamoDB
// does, with the text of an overflow.
func (n Number) Add(m Number) (Number, error) {
	if n.digits == "" {
		return m, nil
	}
	if m.digits == "" {
		return n, nil
	}
	unit := min(n.exp-len(n.digits), m.exp-len(m.digits)) // power of ten of the last digit
	sum := n.scaled(unit)
	sum.Add(sum, m.scaled(unit))
	digits := new(big.Int).Abs(sum).String()
	out := normalise(sum.Sign() < 0, digits, unit+len(digits))
	if msg := out.check(); msg != "" {
		if msg == numberPrecision {
			msg = numberOverflow
		}
		return Number{}, invalid("%s", msg)
	}
	return out, nil
}

// scaled is n in units of ten to the unit.
func (n Number) scaled(unit int) *big.Int {
	zeros := n.exp - len(n.digits) - unit
	i, _ := new(big.Int).SetString(n.digits+strings.Repeat("0", zeros), 10)
	if n.neg {
		i.Neg(i)
	}
	return i
}

// size is the stored length in bytes: a byte and one for each pair of digits.
func (n Number) size() int {
	d := len(n.digits)
	if d == 0 {
		return 1
	}
	size := 1 + (d+1)/2
	if d%2 == 0 && (n.exp-1)%2 == 0 { // pairs are counted from the decimal point
		size++
	}
	if n.neg {
		size++
	}
	return size
}

// order is a string that sorts as the number does.
func (n Number) order() string {
	switch n.sign() {
	case 0:
		return "\x01"
	case 1:
		return "\x02" + string([]byte{byte(n.exp + 129)}) + n.digits
	}
	b := []byte{0, byte(126 - n.exp)}
	for i := range len(n.digits) {
		b = append(b, '9'-n.digits[i]+'0')
	}
	return string(append(b, 0xFE)) // a longer negative is smaller
}

// Int64 is the whole part of n, if it fits.
func (n Number) Int64() (int64, bool) {
	if n.exp > 18 {
		return 0, false
	}
	var i int64
	for d := range max(n.exp, 0) {
		i *= 10
		if d < len(n.digits) {
			i += int64(n.digits[d] - '0')
		}
	}
	if n.neg {
		i = -i
	}
	return i, true
}
