package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"sluice/local/wire"
)

// tokenLives is how long a ClientRequestToken is remembered after its transaction.
// Source: AWS.md F.
const tokenLives = 10 * time.Minute

// tokens are the ClientRequestTokens of transactions that were done lately.
type tokens struct {
	byToken map[string]*remembered
	order   []*remembered // oldest first
}

type remembered struct {
	token  string
	digest [sha256.Size]byte
	done   time.Time
}

// seen reports whether this transaction was done already. Errors:
// IdempotentParameterMismatchException if another one was, under the same token.
func (k *tokens) seen(now time.Time, in *transactWriteIn) (bool, error) {
	for len(k.order) > 0 && now.Sub(k.order[0].done) >= tokenLives {
		delete(k.byToken, k.order[0].token)
		k.order = k.order[1:]
	}
	r := k.byToken[in.ClientRequestToken]
	if in.ClientRequestToken == "" || r == nil {
		return false, nil
	}
	digest, err := digestOf(in)
	if err != nil {
		return false, err
	}
	if digest != r.digest {
		return false, wire.Errorf("IdempotentParameterMismatchException", "The client request token was used before for a transaction with other parameters")
	}
	return true, nil
}

func (k *tokens) remember(now time.Time, in *transactWriteIn) {
	if in.ClientRequestToken == "" {
		return
	}
	digest, err := digestOf(in)
	if err != nil {
		return // seen has told already
	}
	r := &remembered{in.ClientRequestToken, digest, now}
	k.byToken[r.token] = r
	k.order = append(k.order, r)
}

func digestOf(in *transactWriteIn) ([sha256.Size]byte, error) {
	b, err := json.Marshal(in.TransactItems)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("writing the actions of a transaction: %w", err)
	}
	return sha256.Sum256(b), nil
}
