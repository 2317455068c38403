package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object of the OpenAPI document.
type object = map[string]any

// openAPI makes the OpenAPI 3.1 document of a table of routes. Schemas come
// from the Go types: field names from their json tags, sentences from doc,
// allowed values from enum.
func openAPI(table []route, version string) ([]byte, error) {
	g := generator{schemas: object{"Problem": problemSchema()}}
	paths := object{}
	for _, rt := range table {
		operations, ok := paths[prefix+rt.path].(object)
		if !ok {
			operations = object{}
			paths[prefix+rt.path] = operations
		}
		operations[strings.ToLower(rt.method)] = g.operation(rt)
	}
	document := object{
		"openapi": "3.1.0",
		"info": object{
			"title":       "halert management API",
			"version":     cmp.Or(version, "0"),
			"description": "What became of every alert, and the few things to do about it. Errors are RFC 9457 problem documents with a stable code. Times are UTC. Lists are newest first.",
		},
		"security": []object{{"token": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": g.schemas,
			"securitySchemes": object{"token": object{
				"type": "http", "scheme": "bearer",
				"description": "An API token: HALERT_API_TOKEN of the server, or one that was made with POST /api/v1/tokens.",
			}},
			"responses": object{"Problem": object{
				"description": "It did not work; code says why for programs, detail for people.",
				"content":     object{"application/problem+json": object{"schema": ref("Problem")}},
			}},
		},
	}
	out, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return append(out, '\n'), nil
}

type generator struct {
	schemas object
}

func (g *generator) operation(rt route) object {
	op := object{
		"operationId": rt.id,
		"summary":     rt.summary,
		"description": rt.doc,
		"responses": object{
			strconv.Itoa(cmp.Or(rt.status, http.StatusOK)): g.answer(rt),
			"default": object{"$ref": "#/components/responses/Problem"},
		},
	}
	if params := g.parameters(rt); len(params) > 0 {
		op["parameters"] = params
	}
	switch {
	case rt.in != nil:
		op["requestBody"] = object{"required": !rt.optional, "content": object{"application/json": object{"schema": g.schema(reflect.TypeOf(rt.in))}}}
	case rt.inType != "":
		op["requestBody"] = object{"required": true, "content": object{rt.inType: object{"schema": object{"type": "string"}}}}
	}
	if rt.open {
		op["security"] = []object{}
	}
	return op
}

func (g *generator) answer(rt route) object {
	switch {
	case rt.out != nil:
		return object{"description": "It worked.", "content": object{"application/json": object{"schema": g.schema(reflect.TypeOf(rt.out))}}}
	case rt.outType != "":
		return object{"description": "It worked.", "content": object{rt.outType: object{}}}
	}
	return object{"description": "It worked; there is nothing to say."}
}

func (g *generator) parameters(rt route) []object {
	var params []object
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(rt.path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "description": "As the lists show it.", "schema": object{"type": "string"}})
	}
	for _, p := range rt.query {
		schema := object{"type": p.kind}
		if p.enum != nil {
			schema["enum"] = p.enum
		}
		if p.min != 0 {
			schema["minimum"] = p.min
		}
		if p.max != 0 {
			schema["maximum"] = p.max
		}
		params = append(params, object{"name": p.name, "in": "query", "description": p.doc, "schema": schema})
	}
	return params
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// schema describes a type. Named structs become components.
func (g *generator) schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[Change]():
		return nullable(object{"type": "integer"})
	case t.Kind() == reflect.Pointer:
		return nullable(g.schema(t.Elem()))
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "items": g.schema(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Struct:
		name := componentName(t)
		if _, known := g.schemas[name]; !known {
			properties, required := object{}, []string{}
			g.fields(t, properties, &required)
			g.schemas[name] = object{"type": "object", "properties": properties, "required": required}
		}
		return ref(name)
	case t.Kind() == reflect.Int && t.Name() == "int", t.Kind() == reflect.Int64:
		return object{"type": "integer"}
	}
	return object{"type": "string"} // texts, and numbers that are written as words
}

func nullable(s object) object {
	if name, isRef := s["$ref"]; isRef {
		return object{"oneOf": []object{{"$ref": name}, {"type": "null"}}}
	}
	s = maps.Clone(s)
	s["type"] = []any{s["type"], "null"}
	return s
}

// componentName names List[…/api.Alert] "AlertList".
func componentName(t reflect.Type) string {
	outer, inner, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return outer
	}
	return inner[strings.LastIndex(inner, ".")+1:len(inner)-1] + outer
}

func (g *generator) fields(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		if f.Anonymous {
			g.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := maps.Clone(g.schema(f.Type))
		s["description"] = f.Tag.Get("doc")
		if enum := f.Tag.Get("enum"); enum != "" {
			s["enum"] = strings.Split(enum, ",")
		}
		properties[name] = s
		if options != "omitempty" && options != "omitzero" {
			*required = append(*required, name)
		}
	}
}

// problemSchema describes an error of this API. It is written out because the
// type belongs to another package, which knows nothing of descriptions.
func problemSchema() object {
	text := func(doc string) object { return object{"type": "string", "description": doc} }
	return object{
		"type": "object",
		"properties": object{
			"type":   text("A URI for the kind of problem; about:blank where the status says it all."),
			"title":  text("The kind of problem."),
			"status": object{"type": "integer", "description": "The HTTP status."},
			"code":   text("The kind of problem for programs. It does not change."),
			"detail": text("What went wrong with this request, and what to do about it."),
			"errors": object{"type": "array", "items": object{"type": "string"}, "description": "The single problems, where there are several."},
		},
		"required": []string{"status", "code", "detail"},
	}
}
