module github.com/halert/halert

go 1.26
