#!/usr/bin/env bash
# completion.sh SHELL TORNSTACK: writes the completion of bash, zsh or fish to standard output. Commands and options are those that
# `--help` lists, values those that the program itself says an option must be.
set -euo pipefail
shell=$1 program=$2
commands=$(ARGP_HELP_FMT=rmargin=200 "$program" --help | sed -n '/^ Commands, /,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' | paste -sd ' ')

# "-o" "output" "FILE" "What it does", tab-separated, for each option of a command; "-" for none.
options() {
	ARGP_HELP_FMT=rmargin=200 "$program" "$1" --help | sed -nE '
		/^ {1,6}(-.,)? *--/!d
		s/^ +(-(.), )? *--([a-z-]+)(=([A-Z]+))? +(.*)$/\2\t\3\t\5\t\6/
		s/^\t/-\t/
		s/\t\t/\t-\t/
		s/[[:space:]]+$//
		p'
}

# What an option's value can be: words one to a line, or FILES, FOLDERS, nothing.
values() {
	local command=$1 name=$2 value=$3 said
	case $value in
	FILE | DUMP) echo FILES ;;
	DIR) echo FOLDERS ;;
	*)
		said=$("$program" "$command" "--$name=?" no-dump 2>&1 | head -n 40) || true
		if [[ $said == *'it must be one of '* ]]; then
			sed -nE 's/.*it must be one of (.*)$/\1/p' <<<"$said" | tr ',' '\n' | sed 's/^ *//'
		elif [[ $said == *'States are:'* ]]; then
			sed '0,/States are:/d; /^Try /,$d' <<<"$said" | tr ',' '\n' | sed 's/^ *//; /^$/d'
		fi
		;;
	esac
}

rules() {
	"$program" explain | sed -nE 's/^ *([a-z]+(-[a-z]+)*|golang\/go#[0-9]+) .*/\1/p' | awk '!seen[$0]++'
}

# Words of a list in which blanks part them.
escaped() { sed 's/[ ()"]/\\&/g' | paste -sd ' '; }
quoted() { sed "s/'/'\\\\''/g; s/.*/'&'/"; }

# The words that may follow a command, without options: FILES or a list.
operands() {
	case $1 in
	explain) rules ;;
	history) ;;
	help) printf '%s\n' ${commands/help/} dumps ;;
	*) echo FILES ;;
	esac
}

bash_values() {
	local command=$1 name value list
	while IFS=$'\t' read -r _ name value _; do
		list=$(values "$command" "$name" "$value")
		case $list in
		'') ;;
		FILES) printf '\t%s:--%s) COMPREPLY=($(compgen -f -- "$value")) ;;\n' "$command" "$name" ;;
		FOLDERS) printf '\t%s:--%s) COMPREPLY=($(compgen -d -- "$value")) ;;\n' "$command" "$name" ;;
		*) printf '\t%s:--%s) _tornstack_words %s ;;\n' "$command" "$name" "$(quoted <<<"$list" | tr '\n' ' ')" ;;
		esac
	done < <(options "$command")
}

write_bash() {
	cat <<-'END'
		# bash completion of tornstack, made by tools/completion.sh.
		_tornstack_words() {
			local word
			for word; do [[ $word != "$value"* ]] || COMPREPLY+=("${word// /\\ }"); done
		}

		# The value of an option, which bash takes for a word of its own.
		_tornstack_value() {
			case $command:$option in
	END
	for command in $commands; do bash_values "$command"; done | sed 's/^\t/\t/'
	cat <<-'END'
			esac
		}

		_tornstack_list() {
			case $command in
	END
	for command in $commands; do
		printf '\t%s) operands=%s options=%s ;;\n' "$command" "$(operands "$command" | tr '\n' ' ' | sed 's/ $//' | quoted)" \
			"$(options "$command" | awk -F'\t' '{ printf "--%s%s ", $2, $3 == "-" ? "" : "=" }' | quoted)"
	done
	cat <<-END
			esac
		}

		_tornstack() {
			local line=\${COMP_LINE:0:COMP_POINT} command=analyze value option operands options word
			local commands='$commands'
	END
	cat <<-'END'
			COMPREPLY=()
			value=${line##*[[:space:]]}
			for word in "${COMP_WORDS[@]:1:1}"; do
				[[ $COMP_CWORD -gt 1 && " $commands " == *" $word "* ]] && command=$word
			done
			if [[ $value == --*=* ]]; then
				option=${value%%=*} value=${value#*=}
				_tornstack_value
				return
			fi
			_tornstack_list
			if [[ $value == -* ]]; then
				COMPREPLY=($(compgen -W "$options" -- "$value"))
				[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
				return
			fi
			[[ $operands == FILES ]] && COMPREPLY=($(compgen -f -- "$value")) ||
				COMPREPLY=($(compgen -W "$operands" -- "$value"))
			[[ $COMP_CWORD -le 1 ]] && COMPREPLY+=($(compgen -W "$commands" -- "$value"))
		}
		complete -o filenames -F _tornstack tornstack
	END
}

zsh_specification() {
	local command=$1 short name value text list spec
	while IFS=$'\t' read -r short name value text; do
		text=$(tr -d "[]:'" <<<"$text")
		list=$(values "$command" "$name" "$value")
		case $list in
		FILES) spec=":$value:_files" ;;
		FOLDERS) spec=":$value:_files -/" ;;
		'') spec=$([ "$value" = - ] || echo ":$value: ") ;;
		*) spec=":$value:($(escaped <<<"$list"))" ;;
		esac
		printf "\t\t\t'--%s%s[%s]%s' \\\\\n" "$name" "$([ "$value" = - ] || echo =)" "$text" "$spec"
		[ "$short" = - ] || printf "\t\t\t'-%s[%s]%s' \\\\\n" "$short" "$text" "$spec"
	done < <(options "$command")
	if [ "$(operands "$command")" = FILES ]; then
		printf "\t\t\t'*:file:_files'\n"
	else
		printf "\t\t\t'*:what:(%s)'\n" "$(operands "$command" | tr '\n' ' ')"
	fi
}

write_zsh() {
	cat <<-END
		#compdef tornstack
		# zsh completion of tornstack, made by tools/completion.sh.
		_tornstack() {
			local command=analyze
			if (( CURRENT > 2 )) && [[ " $commands " == *" \$words[2] "* ]]; then
				command=\$words[2]
				shift words
				(( CURRENT-- ))
			elif (( CURRENT == 2 )) && [[ \$words[2] != -* ]]; then
				compadd -- $commands
				_files
				return
			fi
			case \$command in
	END
	for command in $commands; do
		printf '\t\t%s)\n\t\t\t_arguments -s \\\n' "$command"
		zsh_specification "$command"
		printf '\t\t\t;;\n'
	done
	cat <<-'END'
			esac
		}
		_tornstack "$@"
	END
}

fish_options() {
	local command=$1 short name value text list
	while IFS=$'\t' read -r short name value text; do
		list=$(values "$command" "$name" "$value")
		printf "complete -c tornstack -n '__tornstack_is %s' -l %s%s%s -d %s\n" "$command" "$name" \
			"$([ "$short" = - ] || echo " -s $short")" \
			"$(case $value:$list in -:*) ;; *:FILES) echo ' -r -F' ;; *:FOLDERS) echo " -x -a '(__fish_complete_directories)'" ;;
			*) echo " -x -a $(escaped <<<"$list" | quoted)" ;; esac)" "$(quoted <<<"$text")"
	done < <(options "$command")
	[ "$(operands "$command")" = FILES ] ||
		printf "complete -c tornstack -n '__tornstack_is %s' -f -a '%s'\n" "$command" "$(operands "$command" | tr '\n' ' ' | sed "s/'/'\\\\''/g")"
}

write_fish() {
	cat <<-END
		# fish completion of tornstack, made by tools/completion.sh.
		function __tornstack_is
		    set -l words (commandline -opc)
		    set -l command analyze
		    if set -q words[2]; and contains -- \$words[2] $commands
		        set command \$words[2]
		    end
		    test \$command = \$argv[1]
		end
		complete -c tornstack -n 'test (count (commandline -opc)) -eq 1' -a '$commands'
	END
	for command in $commands; do fish_options "$command"; done
}

case $shell in
bash | zsh | fish) "write_$shell" ;;
*) echo "usage: completion.sh bash|zsh|fish TORNSTACK" >&2; exit 2 ;;
esac
