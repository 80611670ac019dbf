package dev.lora4j.cli;

import dev.lora4j.models.generation.Generator;
import dev.lora4j.models.generation.Session;
import dev.lora4j.models.talk.Conversation;
import dev.lora4j.models.talk.TextModel;
import dev.lora4j.models.talk.WritingOptions;
import dev.lora4j.train.Workers;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A talk with a language model, with any of several adapters. */
@Command(
    name = "chat",
    mixinStandardHelpOptions = true,
    header = {"Chat with a language model.", ""},
    description = {
      "",
      "Reads messages from the terminal or from a pipe. The first adapter is active at the start;"
          + " /adapter NAME switches to another within the same conversation.",
      "",
      "Ctrl-C stops an answer and returns to the prompt, Ctrl-D ends the chat, /help lists the"
          + " commands.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora chat --model HuggingFaceTB/SmolLM2-135M-Instruct",
      "  lora chat --model SmolLM2-135M-Instruct --adapter bard=shakespeare --adapter pirate"
    })
final class ChatCommand implements Callable<Integer> {
  private static final double USUAL_TEMPERATURE = 0.7;

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "Hugging Face model directory, GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices models = new AdapterChoices();

  @Option(names = "--system-prompt", paramLabel = "TEXT", description = "System prompt.")
  private Optional<String> system = Optional.empty();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  private int workers = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Print one JSON object per answer, on a line of its own.")
  private boolean json;

  @Override
  public Integer call() {
    WritingOptions options = sampling.options(USUAL_TEMPERATURE);
    try (TextModel opened = models.open(References.resolve(model));
        Workers shared = new Workers(workers);
        Session session = Generator.sharedBy(shared, opened.network()).session()) {
      List<String> names = opened.adapterNames();
      opened.activate(names.subList(0, Math.min(1, names.size())));
      Conversation conversation = new Conversation(opened, session);
      conversation.system(system);
      new ChatLoop(new ChatScreen(json), opened, conversation, options).run(input());
    }
    return 0;
  }

  /** As the terminal encodes; plain ASCII would lose what UTF-8 can say. */
  private static BufferedReader input() {
    Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
    return new BufferedReader(
        new InputStreamReader(
            System.in,
            charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset));
  }
}
