// Renders a chart as Helm does, where Helm cannot be had: Go's templates with sprig, Helm's own functions that the chart uses, and values
// as Helm reads them (YAML 1.1, each number a float64). From standard input it takes cases in JSON, and answers with what came of each.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./render ../chart < cases.json
//
// The packages are Debian's: golang-github-masterminds-sprig-dev, golang-k8s-sigs-yaml-dev.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type anyMap = map[string]interface{}

// What is to be rendered: the texts of values files in their order, as `helm install --values` takes them.
type testCase struct {
	Name      string   `json:"name"`
	Release   string   `json:"release"`
	Namespace string   `json:"namespace"`
	Values    []string `json:"values"`
}

type rendered struct {
	Template string `json:"template"`
	Object   anyMap `json:"object"`
}

type result struct {
	Name string `json:"name"`
	// The chart's own with those of the case: what Helm holds against values.schema.json before it renders.
	Values  anyMap     `json:"values"`
	Objects []rendered `json:"objects"`
	Notes   string     `json:"notes"`
	Error   string     `json:"error"`
}

type answer struct {
	Results []result `json:"results"`
	// Patterns of the schema that Go's regular expressions cannot have, by which Helm refuses every value.
	BadPatterns []string `json:"badPatterns"`
}

func main() {
	folder := os.Args[1]
	var cases []testCase
	must(json.NewDecoder(os.Stdin).Decode(&cases))
	var schema interface{}
	must(json.Unmarshal(read(folder, "values.schema.json"), &schema))
	found := answer{Results: []result{}, BadPatterns: badPatterns(schema)}
	for _, each := range cases {
		found.Results = append(found.Results, run(folder, each))
	}
	must(json.NewEncoder(os.Stdout).Encode(found))
}

func run(folder string, each testCase) (found result) {
	found.Name = each.Name
	found.Objects = []rendered{}
	values := parse(read(folder, "values.yaml"))
	for _, text := range each.Values {
		values = coalesce(values, parse([]byte(text)))
	}
	found.Values = values
	texts, err := render(folder, each, values)
	if err != nil {
		found.Error = err.Error()
		return
	}
	for _, name := range sortedKeys(texts) {
		if strings.HasSuffix(name, ".txt") {
			found.Notes = texts[name].(string)
			continue
		}
		// As Helm splits what a template says into documents.
		for _, document := range regexp.MustCompile(`(?m)^---\s*$`).Split(texts[name].(string), -1) {
			if strings.TrimSpace(document) == "" {
				continue
			}
			var object anyMap
			if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
				found.Error = fmt.Sprintf("%s: %s\n%s", name, err, document)
				return
			}
			if object != nil {
				found.Objects = append(found.Objects, rendered{filepath.Base(name), object})
			}
		}
	}
	return
}

func render(folder string, each testCase, values anyMap) (anyMap, error) {
	chart := parse(read(folder, "Chart.yaml"))
	name := fmt.Sprint(chart["name"])
	top := template.New(name).Option("missingkey=zero")
	top.Funcs(functions(top))
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	must(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(err)
		if _, err := top.New(name + "/templates/" + filepath.Base(file)).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	data := anyMap{
		"Values":  values,
		"Chart":   anyMap{"Name": name, "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release": anyMap{"Name": each.Release, "Namespace": each.Namespace, "Service": "Helm", "IsInstall": true, "Revision": 1},
		"Files":   filesOf(folder),
	}
	texts := anyMap{}
	for _, each := range top.Templates() {
		base := filepath.Base(each.Name())
		if strings.HasPrefix(base, "_") || !strings.Contains(each.Name(), "/templates/") {
			continue
		}
		data["Template"] = anyMap{"Name": each.Name(), "BasePath": name + "/templates"}
		var written bytes.Buffer
		if err := each.Execute(&written, data); err != nil {
			return nil, err
		}
		texts[each.Name()] = strings.ReplaceAll(written.String(), "<no value>", "")
	}
	return texts, nil
}

// Helm's own, as its engine has them (pkg/engine/funcs.go); env and expandenv are taken away there too.
func functions(top *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	all["include"] = func(name string, data interface{}) (string, error) {
		var written strings.Builder
		err := top.ExecuteTemplate(&written, name, data)
		return written.String(), err
	}
	all["required"] = func(warning string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return value, fmt.Errorf("%s", warning)
		}
		return value, nil
	}
	all["toYaml"] = func(value interface{}) string {
		text, err := yaml.Marshal(value)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	all["fromJson"] = func(text string) anyMap {
		found := anyMap{}
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			found["Error"] = err.Error()
		}
		return found
	}
	return all
}

type fileSet string

func filesOf(folder string) fileSet { return fileSet(folder) }

// Get is empty where there is no such file, as Helm's is.
func (folder fileSet) Get(name string) string {
	text, err := os.ReadFile(filepath.Join(string(folder), name))
	if err != nil {
		return ""
	}
	return string(text)
}

// The second wins; maps are merged, and null takes away.
func coalesce(below, above anyMap) anyMap {
	for name, value := range above {
		under, isMap := below[name].(anyMap)
		over, isMapToo := value.(anyMap)
		switch {
		case value == nil:
			delete(below, name)
		case isMap && isMapToo:
			below[name] = coalesce(under, over)
		default:
			below[name] = value
		}
	}
	return below
}

func badPatterns(schema interface{}) []string {
	bad := []string{}
	switch node := schema.(type) {
	case anyMap:
		if pattern, isText := node["pattern"].(string); isText {
			if _, err := regexp.Compile(pattern); err != nil {
				bad = append(bad, pattern)
			}
		}
		for _, name := range sortedKeys(node) {
			bad = append(bad, badPatterns(node[name])...)
		}
	case []interface{}:
		for _, each := range node {
			bad = append(bad, badPatterns(each)...)
		}
	}
	return bad
}

func sortedKeys(values anyMap) []string {
	names := []string{}
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func parse(text []byte) anyMap {
	found := anyMap{}
	must(yaml.UnmarshalStrict(text, &found))
	return found
}

func read(folder, name string) []byte {
	text, err := os.ReadFile(filepath.Join(folder, name))
	must(err)
	return text
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
