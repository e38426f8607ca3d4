package wire

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cborCodec is smithy's rpc-v2-cbor, which CloudWatch speaks.
func cborCodec(svc *Service) codec {
	return codec{
		decode: func(r *http.Request) decoder {
			return func(in any) error {
				b, err := io.ReadAll(r.Body)
				if err != nil || len(b) == 0 {
					return err
				}
				v, err := cbor.Decode(b)
				if err != nil {
					return err
				}
				return fromCBOR(v, reflect.ValueOf(in).Elem(), "")
			}
		},
		encode: func(w http.ResponseWriter, _ *Call, out any) {
			writeCBOR(w, http.StatusOK, toCBOR(reflect.ValueOf(out)))
		},
		fail: func(w http.ResponseWriter, _ *Call, e *Error) {
			svc.queryError(w.Header(), e)
			writeCBOR(w, e.status(), toCBOR(reflect.ValueOf(e.body())))
		},
	}
}

func writeCBOR(w http.ResponseWriter, status int, v cbor.Value) {
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	_, _ = w.Write(cbor.Encode(v))
}

// member is the wire name of a struct field, and whether an empty one is left out.
func member(f reflect.StructField) (name string, omitEmpty bool) {
	name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		name = f.Name
	}
	return name, strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")
}

var timeType = reflect.TypeFor[Time]()

func toCBOR(v reflect.Value) cbor.Value {
	if v.IsValid() && v.Type() == timeType {
		return &cbor.Tag{ID: 1, Value: cbor.Float64(v.Interface().(Time).seconds())}
	}
	switch v.Kind() {
	case reflect.Invalid:
		return &cbor.Nil{}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return &cbor.Nil{}
		}
		return toCBOR(v.Elem())
	case reflect.String:
		return cbor.String(v.String())
	case reflect.Bool:
		return cbor.Bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := v.Int(); n < 0 {
			return cbor.NegInt(uint64(-n))
		}
		return cbor.Uint(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return cbor.Uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		return cbor.Float64(v.Float())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return cbor.Slice(v.Bytes())
		}
		list := make(cbor.List, 0, v.Len())
		for i := range v.Len() {
			list = append(list, toCBOR(v.Index(i)))
		}
		return list
	case reflect.Map:
		m := cbor.Map{}
		for it := v.MapRange(); it.Next(); {
			m[it.Key().String()] = toCBOR(it.Value())
		}
		return m
	case reflect.Struct:
		m := cbor.Map{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, omit := member(f)
			if name == "-" || !f.IsExported() || omit && v.Field(i).IsZero() || f.Type.Kind() == reflect.Pointer && v.Field(i).IsNil() {
				continue
			}
			m[name] = toCBOR(v.Field(i))
		}
		return m
	}
	panic(fmt.Sprintf("wire: no CBOR form for %s", v.Type()))
}

func fromCBOR(v cbor.Value, to reflect.Value, path string) error {
	wrong := func() error { return fmt.Errorf("member %s: cannot read %T into %s", path, v, to.Type()) }
	if _, ok := v.(*cbor.Nil); ok {
		return nil
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		return fromCBOR(v, to.Elem(), path)
	}
	if to.Type() == timeType {
		t, err := cbor.AsTime(v)
		if err != nil {
			return wrong()
		}
		to.Set(reflect.ValueOf(Time{t.UTC()}))
		return nil
	}
	switch to.Kind() {
	case reflect.String:
		s, ok := v.(cbor.String)
		if !ok {
			return wrong()
		}
		to.SetString(string(s))
	case reflect.Bool:
		b, ok := v.(cbor.Bool)
		if !ok {
			return wrong()
		}
		to.SetBool(bool(b))
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := cbor.AsInt64(v)
		if err != nil {
			return wrong()
		}
		to.SetInt(n)
	case reflect.Float64:
		f, err := cbor.AsFloat64(v)
		if err != nil {
			return wrong()
		}
		to.SetFloat(f)
	case reflect.Slice:
		list, ok := v.(cbor.List)
		if !ok {
			return wrong()
		}
		return listFromCBOR(list, to, path)
	case reflect.Map, reflect.Struct:
		m, ok := v.(cbor.Map)
		if !ok {
			return wrong()
		}
		if to.Kind() == reflect.Map {
			return mapFromCBOR(m, to, path)
		}
		return structFromCBOR(m, to, path)
	default:
		return wrong()
	}
	return nil
}

func listFromCBOR(list cbor.List, to reflect.Value, path string) error {
	to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
	for i, x := range list {
		if err := fromCBOR(x, to.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func mapFromCBOR(m cbor.Map, to reflect.Value, path string) error {
	to.Set(reflect.MakeMapWithSize(to.Type(), len(m)))
	for k, x := range m {
		e := reflect.New(to.Type().Elem()).Elem()
		if err := fromCBOR(x, e, path+"."+k); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(k), e)
	}
	return nil
}

func structFromCBOR(m cbor.Map, to reflect.Value, path string) error {
	for i := range to.NumField() {
		name, _ := member(to.Type().Field(i))
		if x, ok := m[name]; ok {
			if err := fromCBOR(x, to.Field(i), path+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}
