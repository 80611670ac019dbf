package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.cli.chat.ChatInput;
import dev.lora4j.cli.chat.ChatLoop;
import dev.lora4j.cli.chat.ChatOutput;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Conversation;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first line of a chat names /help to a person, and nothing to a pipe. */
class ChatGreetingTest {

  /** Input that ends at once. */
  private record Silent(boolean interactive) implements ChatInput {
    @Override
    public Optional<String> readLine() {
      return Optional.empty();
    }

    @Override
    public void run(Runnable task, Runnable onInterrupt) {
      task.run();
    }

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void greetingNamesHelpToAPerson(boolean interactive, @TempDir Path directory) throws IOException {
    Path saved = SmallLanguageModel.write(directory.resolve("model"));
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream err = System.err;
    try (ChatModel model = ChatModel.open(saved);
        GenerationSession session = new Generator(model.network()).session()) {
      System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
      new ChatLoop(
              new Silent(interactive),
              new ChatOutput(false, interactive),
              model,
              new Conversation(model, session),
              GenerationOptions.greedy(4))
          .run();
    } finally {
      System.setErr(err);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8).contains("/help for the commands"))
        .isEqualTo(interactive);
  }
}
