package reporting

import "regexp"

// secrets are texts that must not leave the account: the first group is kept, the rest
// is masked. Logs hold them because commands print their environment and their
// requests.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`()\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{12,}\b`),
	regexp.MustCompile(`()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abpr]-|sk-)[A-Za-z0-9_-]{10,}`),
	regexp.MustCompile(`()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`), // a JWT
	regexp.MustCompile(`(?i)(\b(?:authorization|x-api-key|x-amz-security-token)\s*[:=]\s*(?:bearer\s+|basic\s+|token\s+)?)[^\s'",]+`),
	regexp.MustCompile(`(?i)([\w.-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w.-]*["']?\s*[=:]\s*["']?)[^\s'",;&}]+`),
	regexp.MustCompile(`(://[^\s/:@]+:)[^\s/@]+(?:@)`),
	regexp.MustCompile(`(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`),
}

// Mask is text with what looks like a secret replaced by stars.
func Mask(text string) string {
	for _, s := range secrets {
		text = s.ReplaceAllString(text, "${1}****")
	}
	return text
}
