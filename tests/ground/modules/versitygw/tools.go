//go:build tools

// Package tools keeps the package that is built in the list of requirements.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
