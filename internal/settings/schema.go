package settings

import (
	"encoding/json"
	"strings"
)

// schema is the part of JSON Schema that the settings need.
type schema struct {
	Dialect              string             `json:"$schema,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 any                `json:"type,omitempty"` // one name or several
	Enum                 []any              `json:"enum,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	MinLength            int                `json:"minLength,omitempty"`
	Minimum              *int               `json:"minimum,omitempty"`
	Maximum              *int               `json:"maximum,omitempty"`
	MinItems             int                `json:"minItems,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	Required             []string           `json:"required,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	PropertyNames        *schema            `json:"propertyNames,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"` // *bool or *schema
	AnyOf                []*schema          `json:"anyOf,omitempty"`
	Not                  *schema            `json:"not,omitempty"`
	Default              any                `json:"default,omitempty"`
	Examples             []any              `json:"examples,omitempty"`
}

func anyOf(list ...*schema) *schema { return &schema{AnyOf: list} }

func enumOf(values ...string) *schema {
	s := &schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}

func (s *schema) describe(description string, examples ...any) *schema {
	s.Description, s.Examples = description, examples
	return s
}

// Schema is the JSON Schema of a settings file, for editors and other tools. It is stricter than rota: for
// example, it accepts no number in quotes.
func Schema() ([]byte, error) {
	root := schema{
		Dialect:              "https://json-schema.org/draft/2020-12/schema",
		Title:                "rota.yaml",
		Description:          "The settings of rota run",
		Type:                 "object",
		Properties:           map[string]*schema{},
		AdditionalProperties: new(bool),
	}
	for _, k := range keys {
		s := k.schema()
		s.Description = k.description()
		s.Examples = k.examples
		if k.preset != "" && k.programs == "" {
			value, _ := k.parse(text(k.preset))
			s.Default = presentable(value)
		}
		root.Properties[k.name] = s
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(root)
	return []byte(out.String()), err
}
