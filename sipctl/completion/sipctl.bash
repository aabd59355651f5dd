# Completion of sipctl for bash. For this session:
#     eval "$(sipctl completion bash)"
# For every session, either that line in ~/.bashrc, or once
#     mkdir -p ~/.local/share/bash-completion/completions
#     sipctl completion bash > ~/.local/share/bash-completion/completions/sipctl
# where the package bash-completion is in use. Nothing else is needed; bash 3.2 is enough, but only
# from 4 on no blank follows where more is to be typed.

_sipctl() {
    local IFS=$'\n' flags=$- answer
    set -f
    answer=($(command sipctl __complete bash "${COMP_LINE:0:COMP_POINT}" \
        "${COMP_LINE:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null))
    [[ $flags == *f* ]] || set +f
    COMPREPLY=("${answer[@]:1}")
    case ${answer[0]-} in
        files*) compopt -o default 2>/dev/null ;;
        folders*) compopt -o dirnames 2>/dev/null ;;
        open*) compopt -o nospace 2>/dev/null ;;
    esac
    return 0
}

complete -F _sipctl sipctl
