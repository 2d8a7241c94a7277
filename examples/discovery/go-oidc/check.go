// Reads tokens, one a line, and answers each with its claims or why there are none: for check.mjs.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
)

func main() {
	ctx := context.Background()
	verifier, err := NewVerifier(ctx)
	if err != nil {
		log.Fatal(err)
	}
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for lines.Scan() {
		claims, err := ClaimsOf(ctx, verifier, lines.Text())
		if err != nil {
			answers.Encode(map[string]string{"error": err.Error()})
		} else {
			answers.Encode(claims)
		}
	}
}
