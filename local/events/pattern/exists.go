package pattern

// present is {"exists": true}: there is a leaf at the path. Objects are no leaves.
type present struct{}

func (present) match(value) bool { return true }

// absent is {"exists": false}: there is no leaf at the path.
type absent struct{}

func (absent) match(value) bool { return false }

func parseExists(r *reader) (test, error) {
	if err := r.next(); err != nil {
		return nil, err
	}
	is, ok := r.token.(bool)
	if !ok {
		return nil, r.fail("exists match pattern must be either true or false.")
	}
	if is {
		return present{}, r.close()
	}
	return absent{}, r.close()
}
