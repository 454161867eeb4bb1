# How often is each digit there? The table's last column says which one a row is.
cut -d, -f65 "$1" | sort | uniq -c > shares.txt
