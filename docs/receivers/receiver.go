// Takes Linli's webhooks with Go's standard library: verifies each, handles it once, says what is missing.
//
//	WEBHOOK_SECRET="whsec_..." PORT=8099 go run receiver.go
//
// Two secrets with a space between are both good.
package main

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	limit      = 1024 * 1024 // bytes of a body
	tolerance  = 300         // seconds that the clocks may differ, and that a webhook may be old
	remembered = 100_000     // ids; keep them with your data instead, so that they outlive this process
)

var (
	keys    [][]byte
	mutex   sync.Mutex
	seen    = map[string]bool{}
	oldest  []string // the ids of seen, oldest first
	highest int64
)

// handle stores it, and returns: answered with 2xx, it is yours. What takes long is for afterwards.
func handle(body []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return err
	}
	_, err := fmt.Println(line.String())
	return err
}

// verified says whether a webhook was signed with one of the keys less than five minutes ago.
func verified(header http.Header, body []byte) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if id == "" || err != nil {
		return false
	}
	if age := time.Now().Unix() - int64(seconds); age > tolerance || age < -tolerance {
		return false
	}
	for _, key := range keys {
		code := hmac.New(sha256.New, key)
		fmt.Fprintf(code, "%s.%s.%s", id, timestamp, body)
		good := "v1," + base64.StdEncoding.EncodeToString(code.Sum(nil))
		for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
			if hmac.Equal([]byte(good), []byte(given)) {
				return true
			}
		}
	}
	return false
}

// take handles it unless that was done; only what was handled is remembered.
func take(id string, number int64, body []byte) error {
	mutex.Lock()
	defer mutex.Unlock()
	if seen[id] {
		return nil
	}
	if highest > 0 && number > highest+1 {
		fmt.Printf("{\"gap\":{\"from\":%d,\"to\":%d}}\n", highest+1, number-1)
	}
	if err := handle(body); err != nil {
		return err
	}
	highest = max(highest, number)
	seen[id] = true
	if oldest = append(oldest, id); len(oldest) > remembered {
		delete(seen, oldest[0])
		oldest = oldest[1:]
	}
	return nil
}

func status(writer http.ResponseWriter, request *http.Request) int {
	if request.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, limit))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	if !verified(request.Header, body) {
		return http.StatusUnauthorized
	}
	var event struct{ Unitsequence int64 }
	if json.Unmarshal(body, &event) != nil {
		return http.StatusBadRequest
	}
	if take(request.Header.Get("webhook-id"), event.Unitsequence, body) != nil {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}

func main() {
	for _, secret := range strings.Fields(os.Getenv("WEBHOOK_SECRET")) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 24 {
			log.Fatal("WEBHOOK_SECRET holds what is no secret")
		}
		keys = append(keys, key)
	}
	server := http.Server{
		Addr:        "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8099"),
		ReadTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			writer.WriteHeader(status(writer, request))
		}),
	}
	log.Fatal(server.ListenAndServe())
}
