package expr

import "regexp"

// toleratedDifferences are cases in which moto is not to be followed, each with the
// reason.
var toleratedDifferences = []struct {
	pattern *regexp.Regexp
	reason  string
}{
	{regexp.MustCompile(`^condition: (contains|begins_with)\(qb, :b\)$`), "moto compares the base64 of binaries with raw bytes"},
	{regexp.MustCompile(`^condition: qyes <=? :(n|more|same)$`), "moto lets Python order True among numbers; DynamoDB orders only values of one kind"},
	{regexp.MustCompile(`^condition: contains\(qns, :yes\)$`), "moto lets Python find True as 1 among numbers"},
	{regexp.MustCompile(`^projection: ql\[0\], ql\[1\]$`), "moto keeps only the last of several indexes of one list"},
	{regexp.MustCompile(`^projection: qdoc, qdoc\.x$`), "moto sees only equal paths as overlapping, not a path inside another"},
	{regexp.MustCompile(`^projection: #unknown$`), "moto overlooks names that are not defined"},
	{regexp.MustCompile(`^update: SET ql\.x = :n$`), "moto does nothing where a list is taken for a map; DynamoDB refuses the path"},
	{regexp.MustCompile(`^update: SET pk = :s$`), "that pk is a key is known to the table, which refuses it, not to the expression"},
	{regexp.MustCompile(`^update: SET qn = :n \+ :n \+ :n$`), "DynamoDB adds two operands, not three"},
}

func tolerated(name string) string {
	for _, d := range toleratedDifferences {
		if d.pattern.MatchString(name) {
			return d.reason
		}
	}
	return ""
}
