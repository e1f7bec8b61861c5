module secrets

go 1.22
