package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time in whole seconds, written like 10m, 1h30m or 2d.
type Duration time.Duration

// Std is d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// maxDuration keeps sums of durations far from overflow.
const maxDuration = 366 * 24 * time.Hour

var units = []struct {
	letter byte
	length time.Duration
}{{'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

var errDuration = errors.New("is not a length of time")

// ParseDuration reads whole numbers with the units d, h, m and s, each at most
// once and in that order.
func ParseDuration(text string) (Duration, error) {
	var sum time.Duration
	rest, next := text, 0
	for rest != "" {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits > 9 || digits == len(rest) {
			return 0, fmt.Errorf("%q %w", text, errDuration)
		}
		n, _ := strconv.Atoi(rest[:digits])
		for next < len(units) && units[next].letter != rest[digits] {
			next++
		}
		if next == len(units) {
			return 0, fmt.Errorf("%q %w", text, errDuration)
		}
		if time.Duration(n) > maxDuration/units[next].length {
			return 0, fmt.Errorf("%q is longer than a year", text)
		}
		sum += time.Duration(n) * units[next].length
		next, rest = next+1, rest[digits+1:]
	}
	if text == "" {
		return 0, fmt.Errorf("%q %w", text, errDuration)
	}
	if sum > maxDuration {
		return 0, fmt.Errorf("%q is longer than a year", text)
	}
	return Duration(sum), nil
}

// String writes d in the largest units that hold it: 1h30m, never 90m.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	if d < 0 {
		return "-" + (-d).String()
	}
	var text strings.Builder
	rest := time.Duration(d)
	for _, u := range units {
		if n := rest / u.length; n > 0 {
			fmt.Fprintf(&text, "%d%c", n, u.letter)
			rest -= n * u.length
		}
	}
	return text.String()
}

func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

// Percent is a share, held as a fraction and written with its sign: 0.01 is 1%.
type Percent float64

// Fraction is p as a plain number: 1% is 0.01.
func (p Percent) Fraction() float64 { return float64(p) }

var errPercent = errors.New("is not a percentage")

// ParsePercent reads digits, at most six decimals, and the sign.
func ParsePercent(text string) (Percent, error) {
	number, signed := strings.CutSuffix(text, "%")
	whole, decimals, point := strings.Cut(number, ".")
	if !signed || !digitsOnly(whole) || len(whole) > 6 || point && (!digitsOnly(decimals) || len(decimals) > 6) {
		return 0, fmt.Errorf("%q %w", text, errPercent)
	}
	// The exponent moves the point before rounding: 0.7% is 0.007, not 0.7/100.
	fraction, err := strconv.ParseFloat(number+"e-2", 64)
	return Percent(fraction), err
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// String writes p with the fewest digits that read back as p.
func (p Percent) String() string {
	text := strconv.FormatFloat(float64(p), 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	shift, err := strconv.Atoi(exponent)
	if err != nil {
		return text + "%" // NaN and Inf, which ParsePercent never makes
	}
	value, _ := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(shift+2), 64)
	return strconv.FormatFloat(value, 'f', -1, 64) + "%"
}

func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func (p *Percent) UnmarshalText(text []byte) error {
	parsed, err := ParsePercent(string(text))
	if err == nil {
		*p = parsed
	}
	return err
}
