# Completion of sipctl for fish. For this session:
#     sipctl completion fish | source
# For every session, once:
#     sipctl completion fish > ~/.config/fish/completions/sipctl.fish

function __sipctl_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l answer (command sipctl __complete fish (count $words) $words "$token" 2>/dev/null)
    set -l heading (string split ' ' -- "$answer[1]")
    switch "$heading[1]"
        case files folders
            set -l before (string sub -l $heading[2] -- "$token")
            set -l path (string sub -s (math $heading[2] + 1) -- "$token")
            if test $heading[1] = files
                __fish_complete_path "$path" | string replace -r '^' -- "$before"
            else
                __fish_complete_directories "$path" '' | string replace -r '^' -- "$before"
            end
        case '*'
            string join \n -- $answer[2..-1]
    end
end

complete -c sipctl -e
complete -c sipctl -k -f -a '(__sipctl_complete)'
