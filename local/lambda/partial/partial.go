// Package partial reads which records of a batch a function reports as failed, in the
// answer that Lambda calls a partial batch response. Queues and streams report alike;
// what becomes of the others is the business of who reads for the function.
package partial

import "encoding/json"

// Failures reads which records of a batch failed, by the ids that the batch has. It
// reports false if the whole batch counts as failed: for an answer that is no JSON
// object, and for an identifier that is missing, empty, or of no record in the batch.
// Nothing, null and an object without batchItemFailures mean that all succeeded.
func Failures(answer []byte, ids []string) (map[string]bool, bool) {
	if len(answer) == 0 {
		return nil, true
	}
	var doc *struct {
		Items []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &doc); err != nil {
		return nil, false
	}
	if doc == nil {
		return nil, true
	}
	known := map[string]bool{}
	for _, id := range ids {
		known[id] = true
	}
	failed := map[string]bool{}
	for _, item := range doc.Items {
		if item.ID == nil || !known[*item.ID] {
			return nil, false
		}
		failed[*item.ID] = true
	}
	return failed, true
}
