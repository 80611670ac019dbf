package dev.lora4j.cli.chat;

import static java.nio.file.attribute.PosixFilePermissions.asFileAttribute;
import static java.nio.file.attribute.PosixFilePermissions.fromString;

import dev.lora4j.UserError;
import dev.lora4j.io.download.CacheDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;
import org.jline.terminal.TerminalBuilder.SystemOutput;

/**
 * Lines typed at a terminal, with line editing and a history that is kept in the cache directory.
 * Ctrl-C discards the line, Ctrl-D ends the input.
 */
public final class TerminalInput implements ChatInput {
  private static final String PROMPT = "> ";
  private static final int HISTORY_LINES = 1000;
  private static final int DEFAULT_COLUMNS = 80;
  private static final int DEFAULT_ROWS = 24;

  private final Terminal terminal;
  private final LineReader reader;

  /** Opens the terminal of the process. */
  public TerminalInput() {
    this(systemTerminal(), CacheDirectory.get().resolve("chat_history"));
  }

  TerminalInput(Terminal terminal, Path history) {
    this.terminal = terminal;
    if (terminal.getColumns() == 0) { // a pseudo-terminal without a size, which would show nothing
      terminal.setSize(Size.of(DEFAULT_COLUMNS, DEFAULT_ROWS));
    }
    createForOwnerOnly(history);
    reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .variable(LineReader.HISTORY_FILE, history)
            .variable(LineReader.HISTORY_SIZE, HISTORY_LINES)
            .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_LINES)
            .variable(LineReader.DISABLE_COMPLETION, true)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true) // "!" is text
            .build();
  }

  private static Terminal systemTerminal() {
    try {
      return TerminalBuilder.builder().systemOutput(SystemOutput.SysErrOrSysOut).build();
    } catch (IOException e) {
      throw new UserError("cannot open the terminal: " + e, e);
    }
  }

  /** Creates the history file unreadable to others, where the file system allows it. */
  private static void createForOwnerOnly(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.createFile(file, asFileAttribute(fromString("rw-------")));
    } catch (IOException | UnsupportedOperationException e) {
      // It exists, or JLine creates it; without a file the history is kept in memory.
    }
  }

  @Override
  public Optional<String> readLine() {
    while (true) {
      try {
        return Optional.of(reader.readLine(PROMPT));
      } catch (UserInterruptException e) {
        if (e.getPartialLine().isEmpty()) {
          terminal.writer().println("Ctrl-D or /quit ends the chat.");
          terminal.flush();
        }
      } catch (EndOfFileException e) {
        return Optional.empty();
      }
    }
  }

  @Override
  public void run(Runnable task, Runnable onInterrupt) {
    SignalHandler before = terminal.handle(Signal.INT, signal -> onInterrupt.run());
    try {
      task.run();
    } finally {
      terminal.handle(Signal.INT, before);
    }
  }

  @Override
  public boolean interactive() {
    return true;
  }

  @Override
  public void close() {
    try {
      terminal.close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot restore the terminal", e);
    }
  }
}
