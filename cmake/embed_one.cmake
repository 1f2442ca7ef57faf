# Writes OUTPUT, a header that defines NAME as the text of INPUT.
file(READ ${INPUT} text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n    \"" text "${text}")
file(WRITE ${OUTPUT} "/* Made from a .lua file by cmake/embed_one.cmake. */\nstatic const char ${NAME}[] =\n    \"${text}\";\n")
