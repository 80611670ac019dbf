package dev.lora4j.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * A command whose process ends with the one that started it, even if that is killed: the system
 * then closes the pipe to its standard input, for which a shell beside it waits.
 */
final class OwnedCommand {
  private static final String SCRIPT =
      """
      owned=$$
      exec 3<&0
      {
        cat <&3
        for child in $(pgrep -P "$owned"); do
          [ "$child" = "$BASHPID" ] || kill "$child"
        done
        kill "$owned"
      } >/dev/null 2>&1 &
      exec "$@" 3<&- </dev/null
      """;

  private OwnedCommand() {}

  /** Returns the command line to start with a pipe to its standard input. */
  static List<String> of(List<String> command) {
    List<String> owned = new ArrayList<>(List.of("bash", "-c", SCRIPT, "bash"));
    owned.addAll(command);
    return owned;
  }
}
