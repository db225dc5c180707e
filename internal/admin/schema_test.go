package admin

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The OpenAPI document, read as plain maps, and as much of JSON Schema as it uses. Stricter
// than the standard in one thing: a member that is not documented is an error.

type object = map[string]any

var document = func() object {
	var d object
	if err := yaml.Unmarshal(openAPIDocument, &d); err != nil {
		panic(err)
	}
	return d
}()

// resolve follows $ref.
func resolve(node object) object {
	ref, ok := node["$ref"].(string)
	if !ok {
		return node
	}
	at := document
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		next, ok := at[name].(object)
		if !ok {
			panic("the OpenAPI document has no " + ref)
		}
		at = next
	}
	return resolve(at)
}

// child is the object under the names, resolved; nil if there is none.
func child(node object, names ...string) object {
	for _, name := range names {
		next, ok := node[name].(object)
		if !ok {
			return nil
		}
		node = resolve(next)
	}
	return node
}

// requireDocumented holds an answer to what the document says about its route and status.
func requireDocumented(t *testing.T, s *Server, method, path string, rec *httptest.ResponseRecorder) {
	t.Helper()
	found := chi.NewRouteContext()
	if !s.router().Match(found, method, path) || method == "HEAD" {
		return
	}
	responses := child(document, "paths", found.RoutePattern(), strings.ToLower(method), "responses")
	require.NotNil(t, responses, "%s %s is not documented", method, found.RoutePattern())
	response := child(responses, strconv.Itoa(rec.Code))
	if response == nil && rec.Code >= 400 {
		response = child(responses, "default")
	}
	require.NotNil(t, response, "%s %s: status %d is not documented", method, found.RoutePattern(), rec.Code)
	if response["content"] == nil {
		require.Empty(t, rec.Body.String())
		return
	}
	mediaType, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	content := child(response, "content", mediaType)
	require.NotNil(t, content, "%s %s: %d with %s is not documented", method, found.RoutePattern(), rec.Code, mediaType)
	if strings.HasSuffix(mediaType, "json") {
		var value any
		require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &value))
		require.NoError(t, conforms(child(content, "schema"), value), rec.Body.String())
	}
}

func requireSchema(t *testing.T, name string, value any) {
	t.Helper()
	require.NoError(t, conforms(child(document, "components", "schemas", name), value))
}

// conforms checks a decoded JSON value.
func conforms(schema object, value any) error {
	schema = resolve(schema)
	for keyword, want := range schema {
		if err := obeys(schema, keyword, want, value); err != nil {
			return err
		}
	}
	return nil
}

func obeys(schema object, keyword string, want, value any) error {
	switch keyword {
	case "description", "examples", "default":
	case "properties": // with required
	case "type":
		is := typeOf(value)
		if is == "integer" && slices.Contains(list(want), any("number")) {
			is = "number"
		}
		if !slices.Contains(list(want), any(is)) {
			return fmt.Errorf("%v is not of type %v", value, want)
		}
	case "required":
		if members, ok := value.(object); ok {
			return hasMembers(schema, list(want), members)
		}
	case "items":
		for i, item := range list(value) {
			if err := conforms(want.(object), item); value != nil && err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case "enum":
		if !slices.Contains(list(want), value) {
			return fmt.Errorf("%v is none of %v", value, want)
		}
	case "const":
		if !reflect.DeepEqual(want, value) {
			return fmt.Errorf("%v is not %v", value, want)
		}
	case "minimum":
		if n, ok := value.(float64); ok && n < float64(want.(int)) {
			return fmt.Errorf("%v is less than %v", value, want)
		}
	case "format":
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", fmt.Sprint(value)); value != nil && err != nil {
			return err
		}
	case "oneOf":
		var err error
		for _, one := range list(want) {
			if err = conforms(one.(object), value); err == nil {
				return nil
			}
		}
		return err
	default:
		return fmt.Errorf("the schema has the keyword %q, which this test does not know", keyword)
	}
	return nil
}

func hasMembers(schema object, required []any, members object) error {
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok {
			return fmt.Errorf("%v is missing", name)
		}
	}
	for name, member := range members {
		property := child(schema, "properties", name)
		if property == nil {
			return fmt.Errorf("%s is not documented", name)
		}
		if err := conforms(property, member); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}
