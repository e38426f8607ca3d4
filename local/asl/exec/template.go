package exec

import (
	"sluice/local/asl/parse"
)

// frame is what an expression may refer to.
type frame struct {
	data    any
	thread  *thread
	context map[string]any // made when first asked for
}

func (t *thread) frame(data any) *frame { return &frame{data: data, thread: t} }

// root is the value that a path starts from.
func (f *frame) root(p *parse.Path) (any, bool) {
	switch p.Root {
	case parse.Context:
		if f.context == nil {
			f.context = f.thread.contextObject()
		}
		return f.context, true
	case parse.Variable:
		return f.thread.scope.get(p.Variable)
	}
	return f.data, true
}

func (f *frame) find(p *parse.Path) (v any, found bool, err error) {
	if p.Bad != nil {
		return nil, false, runtimeError("Invalid path '%s' : %v", p.Text, p.Bad)
	}
	root, ok := f.root(p)
	if !ok {
		return nil, false, nil
	}
	v, found = lookup(p, root)
	return v, found, nil
}

// path is the value of a path that is a field of its own, such as InputPath.
func (f *frame) path(p *parse.Path) (any, error) {
	v, found, err := f.find(p)
	if err != nil || found {
		return v, err
	}
	root, known := f.root(p)
	if !known {
		return nil, runtimeError("Invalid path '%s' : the variable $%s is not assigned", p.Text, p.Variable)
	}
	return nil, runtimeError("Invalid path '%s' : %s", p.Text, missing(p, root))
}

// filter is path for InputPath and OutputPath, of which null means {}.
func (f *frame) filter(p *parse.Path) (any, error) {
	if p == nil {
		return map[string]any{}, nil
	}
	return f.path(p)
}

// expr is the value of an expression. field names its key, for the cause.
func (f *frame) expr(e parse.Expr, field string) (any, error) {
	switch e := e.(type) {
	case *parse.Literal:
		return e.Value, nil
	case *parse.Call:
		return f.call(e, field)
	case *parse.Path:
		v, found, err := f.find(e)
		if err != nil || found {
			return v, err
		}
		return nil, runtimeError("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'", e.Text, field, quoted(f.data))
	}
	return nil, runtimeError("an expression of an unknown kind")
}

// template is the value of a payload template.
func (f *frame) template(t *parse.Template) (any, error) { return f.item(t.Root, "") }

func (f *frame) item(it parse.Item, field string) (any, error) {
	switch it := it.(type) {
	case *parse.Const:
		return it.Value, nil
	case *parse.Object:
		m := make(map[string]any, len(it.Members))
		for _, member := range it.Members {
			v, err := f.item(member.Value, member.Source)
			if err != nil {
				return nil, err
			}
			m[member.Key] = v
		}
		return m, nil
	case *parse.List:
		list := make([]any, len(it.Items))
		for i, e := range it.Items {
			var err error
			if list[i], err = f.item(e, field); err != nil {
				return nil, err
			}
		}
		return list, nil
	case parse.Expr:
		return f.expr(it, field)
	}
	return nil, runtimeError("a template of an unknown kind")
}
