package dev.lora4j.cli;

import dev.lora4j.cli.chat.ChatInput;
import dev.lora4j.cli.chat.ChatLoop;
import dev.lora4j.cli.chat.ChatOutput;
import dev.lora4j.cli.chat.PipedInput;
import dev.lora4j.cli.chat.TerminalInput;
import dev.lora4j.cli.options.AdapterChoices;
import dev.lora4j.cli.options.ChatTemplateOption;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.Range;
import dev.lora4j.cli.options.References;
import dev.lora4j.cli.options.SamplingOptions;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.show.Screen;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Conversation;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A chat with a language model and switchable adapters. */
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
      "  lora chat --model SmolLM2-135M-Instruct --adapter bard --adapter pirate"
    })
final class ChatCommand implements Callable<Integer> {
  private static final double DEFAULT_TEMPERATURE = 0.7;

  @Option(
      names = "--model",
      paramLabel = "M",
      required = true,
      description = "Hugging Face model directory, GGUF file, or org/name[@revision] on the Hub.")
  private String model = "";

  @Mixin private AdapterChoices models = new AdapterChoices();

  @Mixin private WeightOptions weights = new WeightOptions();

  @Mixin private ChatTemplateOption chatTemplate = new ChatTemplateOption();

  @Option(names = "--system-prompt", paramLabel = "TEXT", description = "System prompt.")
  private Optional<String> system = Optional.empty();

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of worker threads (default: one per core).")
  @Range(from = 1, to = Range.WORKERS)
  private int workers = Runtime.getRuntime().availableProcessors();

  @Mixin private OutputFormat output = new OutputFormat();

  @Override
  public Integer call() {
    GenerationOptions options = sampling.options(DEFAULT_TEMPERATURE);
    if (Screen.standardError().terminal()) {
      System.err.println("Loading " + model + " …");
    }
    try (ChatModel opened =
            models.open(References.resolve(model), chatTemplate.file(), weights.storage());
        Workers shared = new Workers(workers);
        GenerationSession session = Generator.sharedBy(shared, opened.network()).session();
        ChatInput input = input()) {
      List<String> names = opened.adapterNames();
      opened.activate(names.subList(0, Math.min(1, names.size())));
      Conversation conversation = new Conversation(opened, session);
      conversation.system(system);
      ChatOutput screen = new ChatOutput(output.json(), input.interactive());
      new ChatLoop(input, screen, opened, conversation, options).run();
    }
    return 0;
  }

  private static ChatInput input() {
    return Screen.standardError().terminal() ? new TerminalInput() : new PipedInput();
  }
}
