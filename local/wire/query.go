package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"time"
)

func readForm(r *http.Request) (url.Values, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return nil, fmt.Errorf("reading the form: %w", err)
	}
	return form, nil
}

// queryCodec is awsQuery: a form in, XML out. SNS and STS speak it.
func queryCodec(svc *Service, form url.Values) codec {
	write := func(w http.ResponseWriter, status int, body *bytes.Buffer) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = w.Write(body.Bytes())
	}
	return codec{
		decode: func(*http.Request) decoder {
			return func(in any) error { return fromForm(form, "", reflect.ValueOf(in).Elem()) }
		},
		encode: func(w http.ResponseWriter, c *Call, out any) {
			var b bytes.Buffer
			fmt.Fprintf(&b, "<%sResponse xmlns=%q><%[1]sResult>", c.Operation, svc.XMLNS)
			toXML(&b, reflect.ValueOf(out))
			fmt.Fprintf(&b, "</%sResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%[1]sResponse>", c.Operation, c.RequestID)
			write(w, http.StatusOK, &b)
		},
		fail: func(w http.ResponseWriter, c *Call, e *Error) {
			var b bytes.Buffer
			fmt.Fprintf(&b, "<ErrorResponse xmlns=%q><Error><Type>Sender</Type><Code>%s</Code><Message>", svc.XMLNS, e.Code)
			_ = xml.EscapeText(&b, []byte(e.Message)) // a buffer takes every write
			fmt.Fprintf(&b, "</Message></Error><RequestId>%s</RequestId></ErrorResponse>", c.RequestID)
			write(w, e.status(), &b)
		},
	}
}

func fromForm(form url.Values, path string, to reflect.Value) error {
	text := form.Get(path)
	switch {
	case to.Kind() == reflect.Pointer:
		if !present(form, path) {
			return nil
		}
		to.Set(reflect.New(to.Type().Elem()))
		return fromForm(form, path, to.Elem())
	case to.Type() == timeType:
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("parameter %s: %q is no timestamp", path, text)
		}
		to.Set(reflect.ValueOf(Time{t}))
		return nil
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
	case reflect.Bool:
		to.SetBool(text == "true")
	case reflect.Int, reflect.Int32, reflect.Int64:
		if text == "" {
			return nil
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("parameter %s: %q is no whole number", path, text)
		}
		to.SetInt(n)
	case reflect.Float64:
		if text == "" {
			return nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("parameter %s: %q is no number", path, text)
		}
		to.SetFloat(f)
	case reflect.Slice:
		return listFromForm(form, path, to)
	case reflect.Map:
		return mapFromForm(form, path, to)
	case reflect.Struct:
		return structFromForm(form, path, to)
	default:
		return fmt.Errorf("parameter %s: awsQuery has no form for %s", path, to.Type())
	}
	return nil
}

func listFromForm(form url.Values, path string, to reflect.Value) error {
	for i := 1; present(form, fmt.Sprintf("%s.member.%d", path, i)); i++ {
		e := reflect.New(to.Type().Elem()).Elem()
		if err := fromForm(form, fmt.Sprintf("%s.member.%d", path, i), e); err != nil {
			return err
		}
		to.Set(reflect.Append(to, e))
	}
	return nil
}

func mapFromForm(form url.Values, path string, to reflect.Value) error {
	to.Set(reflect.MakeMap(to.Type()))
	for i := 1; present(form, fmt.Sprintf("%s.entry.%d", path, i)); i++ {
		at := fmt.Sprintf("%s.entry.%d", path, i)
		key := form.Get(at+".key") + form.Get(at+".Name") // SNS message attributes say Name
		value := ".value"
		if !present(form, at+value) {
			value = ".Value"
		}
		e := reflect.New(to.Type().Elem()).Elem()
		if err := fromForm(form, at+value, e); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(key), e)
	}
	return nil
}

func structFromForm(form url.Values, path string, to reflect.Value) error {
	for i := range to.NumField() {
		name, _ := member(to.Type().Field(i))
		if path != "" {
			name = path + "." + name
		}
		if present(form, name) {
			if err := fromForm(form, name, to.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// present reports whether the form has the parameter or anything below it.
func present(form url.Values, path string) bool {
	if form.Has(path) {
		return true
	}
	for k := range form {
		if len(k) > len(path) && k[:len(path)] == path && k[len(path)] == '.' {
			return true
		}
	}
	return false
}

func toXML(b *bytes.Buffer, v reflect.Value) {
	if v.IsValid() && v.Type() == timeType {
		b.WriteString(v.Interface().(Time).UTC().Format("2006-01-02T15:04:05.000Z"))
		return
	}
	switch v.Kind() {
	case reflect.Invalid:
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			toXML(b, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			b.WriteString("<member>")
			toXML(b, v.Index(i))
			b.WriteString("</member>")
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return bytes.Compare([]byte(x.String()), []byte(y.String())) })
		for _, k := range keys {
			b.WriteString("<entry><key>")
			_ = xml.EscapeText(b, []byte(k.String()))
			b.WriteString("</key><value>")
			toXML(b, v.MapIndex(k))
			b.WriteString("</value></entry>")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, omit := member(v.Type().Field(i))
			if name == "-" || omit && v.Field(i).IsZero() || v.Field(i).Kind() == reflect.Pointer && v.Field(i).IsNil() {
				continue
			}
			b.WriteString("<" + name + ">")
			toXML(b, v.Field(i))
			b.WriteString("</" + name + ">")
		}
	default:
		_ = xml.EscapeText(b, fmt.Append(nil, v.Interface()))
	}
}
