package dev.lora4j.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.impl.LineDisciplineTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class TerminalInputTest {
  private static final String CTRL_A = "\u0001";
  private static final String CTRL_C = "\u0003";
  private static final String CTRL_D = "\u0004";
  private static final String CTRL_P = "\u0010";

  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
  private final Path history;
  private final LineDisciplineTerminal terminal;

  TerminalInputTest(@TempDir Path directory) throws IOException {
    history = directory.resolve("cache/chat_history");
    terminal = new LineDisciplineTerminal("test", "ansi", shown, StandardCharsets.UTF_8);
  }

  private void type(String keys) throws IOException {
    terminal.processInputBytes(keys.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void lineIsEditedAndCtrlDEndsTheInput() throws IOException {
    try (TerminalInput input = new TerminalInput(terminal, history)) {
      type("ello don't! \\o/" + CTRL_A + "H\r");
      assertThat(input.readLine()).contains("Hello don't! \\o/");
      type(CTRL_D);
      assertThat(input.readLine()).isEmpty();
    }
  }

  @Test
  void historyIsKeptForTheNextChat() throws IOException {
    try (TerminalInput input = new TerminalInput(terminal, history)) {
      type("What is LoRA?\r");
      input.readLine();
      type(CTRL_P + "!\r");
      assertThat(input.readLine()).contains("What is LoRA?!");
    }
    assertThat(Files.readString(history)).contains("What is LoRA?!");
    LineDisciplineTerminal next =
        new LineDisciplineTerminal("test", "ansi", shown, StandardCharsets.UTF_8);
    try (TerminalInput input = new TerminalInput(next, history)) {
      next.processInputBytes((CTRL_P + "\r").getBytes(StandardCharsets.UTF_8));
      assertThat(input.readLine()).contains("What is LoRA?!");
    }
  }

  @Test
  void ctrlCAtThePromptDiscardsTheLine() throws Exception {
    try (TerminalInput input = new TerminalInput(terminal, history)) {
      CompletableFuture<Optional<String>> line = CompletableFuture.supplyAsync(input::readLine);
      awaitShown(text -> text.contains("> "));
      type("wrong");
      awaitShown(text -> text.contains("> wrong"));
      type(CTRL_C);
      awaitShown(text -> text.indexOf("> ") != text.lastIndexOf("> "));
      type(CTRL_C);
      awaitShown(text -> text.contains("Ctrl-D or /quit ends the chat."));
      type("right\r");
      assertThat(line.get()).contains("right");
    }
  }

  @Test
  void ctrlCDuringATaskInterruptsIt() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    try (TerminalInput input = new TerminalInput(terminal, history)) {
      input.run(
          () -> {
            terminal.raise(Signal.INT);
            assertThat(interrupted.getCount()).isZero();
          },
          interrupted::countDown);
    }
  }

  private void awaitShown(Predicate<String> condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.test(shown.toString(StandardCharsets.UTF_8))) {
      assertThat(System.nanoTime()).as(shown.toString(StandardCharsets.UTF_8)).isLessThan(deadline);
      Thread.sleep(5);
    }
  }
}
