package dev.lora4j.cli.chat;

import dev.lora4j.UserError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Lines from standard input without a terminal. Ctrl-C ends the program. */
public final class PipedInput implements ChatInput {
  private final BufferedReader lines =
      new BufferedReader(new InputStreamReader(System.in, charset()));

  /** The platform's charset; UTF-8 instead of ASCII, which is a subset of it. */
  private static Charset charset() {
    Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
    return charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
  }

  @Override
  public Optional<String> readLine() {
    try {
      return Optional.ofNullable(lines.readLine());
    } catch (IOException e) {
      throw new UserError("cannot read standard input: " + e, e);
    }
  }

  @Override
  public void run(Runnable task, Runnable onInterrupt) {
    task.run();
  }

  @Override
  public boolean interactive() {
    return false;
  }

  /** Leaves standard input open. */
  @Override
  public void close() {}
}
