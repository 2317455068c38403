package halosim

import (
	"encoding/json"
	"strconv"
	"strings"
)

// wholeNumber reads a number, or a text with one; 0 if it is neither.
func wholeNumber(v any) int {
	n, err := strconv.Atoi(plainValue(v))
	if err != nil {
		return 0
	}
	return n
}

func plainValue(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// fieldOf returns the custom field that an entry of customfields names, by
// id [B] or else by name [G], or nil.
func (db *database) fieldOf(entry map[string]any) *Field {
	id, name := wholeNumber(entry["id"]), plainValue(entry["name"])
	return find(db.seed.Fields, func(f Field) bool {
		return f.ID == id || id == 0 && name != "" && strings.EqualFold(f.Name, name)
	})
}

// fieldViews are the custom fields of a ticket. One that does not exist has
// no effect [G].
func (db *database) fieldViews(t *ticket) []FieldView {
	var views []FieldView
	for _, entry := range t.CustomFields {
		f := db.fieldOf(entry)
		if f == nil {
			continue
		}
		v := FieldView{ID: f.ID, Label: f.Label, Value: plainValue(entry["value"])}
		v.Display = v.Value
		if chosen := find(f.Values, func(o FieldValue) bool { return strconv.Itoa(o.ID) == v.Value }); chosen != nil {
			v.Display = chosen.Name
		}
		views = append(views, v)
	}
	return views
}

// assetsOf are the assets that a ticket is linked to. One that does not exist
// has no effect [G].
func (db *database) assetsOf(t *ticket) []Asset {
	var assets []Asset
	for _, entry := range t.Assets {
		id := wholeNumber(entry["id"])
		if a := find(db.seed.Assets, func(a Asset) bool { return a.ID == id }); a != nil {
			assets = append(assets, *a)
		}
	}
	return assets
}
