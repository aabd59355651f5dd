#compdef sipctl
# Completion of sipctl for zsh. For this session:
#     eval "$(sipctl completion zsh)"
# For every session, either that line in ~/.zshrc, behind `autoload -U compinit && compinit`, or once
#     sipctl completion zsh > /usr/local/share/zsh/site-functions/_sipctl
# or into another folder of $fpath.

_sipctl() {
    local -a answer offered shown
    local expl heading
    answer=("${(@f)$(command sipctl __complete zsh $((CURRENT - 1)) "${(@Q)words[1,CURRENT-1]}" \
        "${(Q)PREFIX}" "${(@Q)words[CURRENT+1,-1]}" 2>/dev/null)}")
    heading=$answer[1]
    shift answer
    case $heading in
        files*) compset -p ${heading#* } && _files; return ;;
        folders*) compset -p ${heading#* } && _files -/; return ;;
    esac
    (( $#answer )) || return 1
    offered=("${(@)answer%%$'\t'*}")
    shown=("${(@)answer#*$'\t'}")
    local -a options=(-d shown)
    [[ $shown[1] == *' -- '* ]] && options+=(-l)
    [[ $heading == open ]] && options+=(-S '')
    _wanted -V values expl value compadd "$options[@]" -a offered
}

if [[ $funcstack[1] == _sipctl ]]; then
    _sipctl "$@"
else
    compdef _sipctl sipctl
fi
