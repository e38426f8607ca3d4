package spec

import _ "embed"

// Schema is the JSON Schema (2020-12) of sluice.yaml, for editors and for the
// documentation. It describes the shape; Parse also checks the meaning.
//
//go:embed sluice.schema.json
var Schema []byte
