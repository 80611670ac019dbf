package dev.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every command starts the {@code Engine} before it uses a class of JavaCPP, so that libraries are
 * loaded in one order, regardless of the first thread, and under the lock of their directory.
 */
class LoadOrderTest {
  private static final String LLM = "../llm/src/test/resources/fixtures/llm/llama3";
  private static final String SCRIPT =
      "../torchscript/src/test/resources/fixtures/script/encoder.traced.pt";
  private static final Pattern INITIALISED =
      Pattern.compile(
          "Initializing '(dev/lora4j/nn/runtime/Engine|org/bytedeco/(javacpp/Pointer"
              + "|(openblas|pytorch)/global/\\w+))'");

  /** The command line without the thread that loads libtorch early. */
  static final class CommandOnly {
    private CommandOnly() {}

    public static void main(String[] arguments) {
      System.exit(Main.run(arguments));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train --model MODEL --data MODEL/chats.jsonl --out OUT --steps 1",
        "generate --model MODEL --prompt ask --max-new-tokens 2",
        "eval --model MODEL --data MODEL/chats.jsonl",
        "merge --model LLM --adapter LLM/adapter --out OUT",
        "combine --adapter LLM/adapter --out OUT",
        "convert LLM/adapter OUT --to mlx",
        "doctor LLM LLM/adapter",
        "info LLM/adapter",
        "plan LLM",
        "info SCRIPT",
        "demo --data OUT"
      })
  @Timeout(120)
  void engineStartsFirst(String words, @TempDir Path directory)
      throws IOException, InterruptedException {
    Path model = SmallLanguageModel.write(directory.resolve("model"));
    SmallLanguageModel.chats(model.resolve("chats.jsonl"), 8);
    String command =
        words
            .replace("MODEL", model.toString())
            .replace("OUT", directory.resolve("out").toString())
            .replace("LLM", LLM)
            .replace("SCRIPT", SCRIPT);
    Process process =
        MainProcess.of(CommandOnly.class, List.of("-Xlog:class+init=info"), command.split(" "))
            .start();
    List<String> lines;
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      lines = output.lines().toList();
    }
    process.waitFor();
    Stream<String> initialised =
        lines.stream().map(INITIALISED::matcher).filter(Matcher::find).map(m -> m.group(1));
    // Commands that read headers only need no native library at all.
    assertThat(initialised.findFirst().orElse("dev/lora4j/nn/runtime/Engine"))
        .as(
            String.join(
                "\n", lines.stream().filter(line -> !line.contains("[class,init]")).toList()))
        .isEqualTo("dev/lora4j/nn/runtime/Engine");
  }
}
