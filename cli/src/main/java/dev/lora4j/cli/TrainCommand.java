package dev.lora4j.cli;

import dev.lora4j.UserError;
import dev.lora4j.models.gguf.GgufModel;
import dev.lora4j.models.script.TorchScriptModel;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains an adapter for a saved model; what is done depends on what kind of model it is. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    usageHelpWidth = 100,
    synopsisHeading = "",
    customSynopsis = {
      "Usage: lora train --model M --data D --out DIR [OPTION…]",
      "       lora train --config run.yaml [OPTION…]"
    },
    description = {
      "",
      "Trains an adapter for a saved model on your data, and writes it in PEFT's format. The model"
          + " stays as it is.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora train --model SmolLM2-135M --data chats.jsonl --out my-adapter --epochs 2",
      "  lora train --resume --out my-adapter",
      "  lora train --model net.pt --data my-images --size 32 --targets fc1,fc2 --out my-adapter"
    })
final class TrainCommand implements Callable<Integer> {
  private static final String LANGUAGE_MODELS = "%nOnly for language models:%n";
  private static final String SCRIPTS = "%nOnly for TorchScript files:%n";

  /** What says something of this call, not of the run. */
  private static final List<String> OF_THE_CALL =
      List.of("--config", "--resume", "--json", "--help", "--version");

  @Option(
      names = "--model",
      paramLabel = "M",
      showDefaultValue = Visibility.NEVER,
      description = {
        "A language model: its directory, or its name on the Hub, org/name or org/name@revision.",
        "Or a TorchScript file: a program, so one from somebody you trust."
      })
  private String model = "";

  @Option(
      names = "--data",
      paramLabel = "D",
      showDefaultValue = Visibility.NEVER,
      description = {
        "For a language model a file: jsonl, json, csv, tsv, parquet or txt.",
        "Images: a folder or zip of {train,test}/{class}/*.{jpg,png}.",
        "Tables: a folder with {train,test}.{csv,parquet}."
      })
  private @Nullable Path data;

  @Option(names = "--out", paramLabel = "DIR", description = "Where the adapter goes.")
  private Path out = Path.of("lora-adapter");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      showDefaultValue = Visibility.NEVER,
      description = "YAML with any of these options as keys; what is given here goes before it.")
  private @Nullable Path config;

  @Option(names = "--json", description = "Print one JSON object; all else goes to stderr.")
  private boolean json;

  @ArgGroup(validate = false, heading = "%nThe adapter:%n", order = 1)
  private AdapterOptions adapter = new AdapterOptions();

  @ArgGroup(validate = false, heading = "%nThe training:%n", order = 2)
  private TrainingOptions training = new TrainingOptions();

  @ArgGroup(validate = false, heading = LANGUAGE_MODELS, order = 3)
  private LanguageOptions language = new LanguageOptions();

  @ArgGroup(validate = false, heading = SCRIPTS, order = 4)
  private ExampleOptions examples = new ExampleOptions();

  @Option(names = "--device", paramLabel = "cpu|cuda", description = "Where to compute.")
  private String device = "cpu";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Path file = configFile();
    if (file == null) {
      train();
    } else {
      configured(file).train();
    }
    return 0;
  }

  // ---- the YAML file ----

  /** A run that is resumed says by itself what it is. */
  private @Nullable Path configFile() {
    Path own = out.resolve(LanguageTraining.CONFIG);
    return config == null && language.resume() && Files.exists(own) ? own : config;
  }

  /** The same command with what the file says, where the user says nothing. */
  private TrainCommand configured(Path file) {
    Map<String, String> given = new LinkedHashMap<>();
    List<String> keys =
        options()
            .filter(o -> !OF_THE_CALL.contains(o.longestName()))
            .map(TrainCommand::key)
            .toList();
    ConfigFile.read(file, keys).forEach((key, value) -> given.put("--" + key, value));
    options()
        .filter(option -> spec.commandLine().getParseResult().hasMatchedOption(option))
        .filter(option -> !option.longestName().equals("--config"))
        .forEach(option -> given.put(option.longestName(), asGiven(option)));
    TrainCommand command = new TrainCommand();
    try {
      new CommandLine(command)
          .parseArgs(
              given.entrySet().stream()
                  .map(e -> e.getKey() + "=" + e.getValue())
                  .toArray(String[]::new));
    } catch (ParameterException e) {
      throw new UserError(file + ": " + e.getMessage(), e);
    }
    return command;
  }

  private Stream<OptionSpec> options() {
    return spec.options().stream();
  }

  private static String key(OptionSpec option) {
    return option.longestName().substring(2);
  }

  private static String asGiven(OptionSpec option) {
    List<String> values = option.originalStringValues();
    return values.isEmpty() ? "true" : String.join(",", values);
  }

  /** All options of the run as they are now, by name without dashes. */
  private Map<String, Object> effective() {
    Map<String, Object> effective = new LinkedHashMap<>();
    options()
        .filter(option -> !OF_THE_CALL.contains(option.longestName()))
        .filter(option -> !isOf(SCRIPTS, option))
        .forEach(
            option -> {
              Object value = option.getValue();
              if (value != null && !value.equals(List.of())) {
                effective.put(key(option), value);
              }
            });
    return effective;
  }

  // ---- the run ----

  private void train() {
    if (model.isEmpty() && language.resume()) {
      throw new UserError(
          "no run to resume in " + out + ": there is no " + LanguageTraining.CONFIG);
    }
    if (model.isEmpty() || data == null) {
      throw new UserError("--model and --data are needed; see lora train --help");
    }
    Places places = new Places(model, data, out, device);
    if (isScript()) {
      refuse(LANGUAGE_MODELS, "the model is a TorchScript file");
      trainScript(places);
    } else {
      refuse(SCRIPTS, "the model is a language model");
      trainLanguageModel(places);
    }
  }

  private boolean isScript() {
    Path file = Path.of(model);
    if (model.endsWith(".safetensors")
        || (Files.isRegularFile(file) && !TorchScriptModel.isAt(file))) {
      throw new UserError(
          "train takes a TorchScript file, or a language model's directory or name; found "
              + model
              + (GgufModel.isAt(file)
                  ? "; make a directory of it first: lora convert " + model + " DIR"
                  : ""));
    }
    return TorchScriptModel.isAt(file);
  }

  private void refuse(String group, String why) {
    options()
        .filter(option -> isOf(group, option))
        .filter(option -> spec.commandLine().getParseResult().hasMatchedOption(option))
        .findFirst()
        .ifPresent(
            option -> {
              throw new UserError(option.longestName() + " has no meaning here: " + why);
            });
  }

  private static boolean isOf(String group, OptionSpec option) {
    return option.group() != null && Objects.equals(option.group().heading(), group);
  }

  private PrintStream story() {
    return json ? System.err : System.out;
  }

  private void trainScript(Places places) {
    try (TorchScriptModel net = TorchScriptModel.load(Path.of(model));
        ExampleTraining run = new ExampleTraining(net, places, examples, training, story())) {
      ExampleTrainingResult result = run.train(adapter.config(adapter.rank()));
      if (json) {
        JsonLine.print(System.out, result::fill);
      }
    }
  }

  private void trainLanguageModel(Places places) {
    LanguageTraining.Wish wish =
        new LanguageTraining.Wish(places, adapter, training, language, effective());
    LanguageResult result = LanguageTraining.run(wish, story());
    if (json) {
      JsonLine.print(System.out, result::fill);
    }
  }
}
