package dev.lora4j.cli;

import static dev.lora4j.cli.options.HelpText.DEFAULT;

import dev.lora4j.UserError;
import dev.lora4j.cli.options.AdapterOptions;
import dev.lora4j.cli.options.ColumnOptions;
import dev.lora4j.cli.options.ConfigFile;
import dev.lora4j.cli.options.InitialAdapterOptions;
import dev.lora4j.cli.options.LanguageOptions;
import dev.lora4j.cli.options.ModelPath;
import dev.lora4j.cli.options.OptionRanges;
import dev.lora4j.cli.options.OutputFormat;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.options.WeightOptions;
import dev.lora4j.cli.report.TuningReport;
import dev.lora4j.cli.runs.RunReader;
import dev.lora4j.cli.train.ExampleDataOptions;
import dev.lora4j.cli.train.ExampleTraining;
import dev.lora4j.cli.train.LanguageTraining;
import dev.lora4j.cli.train.OutputDirectory;
import dev.lora4j.cli.train.SharedBase;
import dev.lora4j.cli.train.Sweep;
import dev.lora4j.cli.train.TaskOptions;
import dev.lora4j.cli.train.TrainPaths;
import dev.lora4j.llm.recipe.RunPaths;
import dev.lora4j.torchscript.TorchScriptModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Trains an adapter for a language model or a TorchScript file. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    usageHelpWidth = 100,
    synopsisHeading = "",
    customSynopsis = {
      "Usage: lora train --model=M --data=D --out=DIR [OPTION…]",
      "       lora train --config=FILE [OPTION…]",
      "       lora train --resume --out=DIR"
    },
    header = {"Train an adapter for a language model or a TorchScript file.", ""},
    description = {
      "",
      "Trains a LoRA adapter on your data and writes it in PEFT's format. The base model is not"
          + " modified.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lora train --model SmolLM2-135M --data chats.jsonl --out my-adapter --epochs 2",
      "  lora train --resume --out my-adapter",
      "  lora train --model all-MiniLM-L6-v2 --task text-classification --data tickets.csv --out"
          + " tickets",
      "  lora train --model Llama-3.2-1B --quantize nf4 --data chats.jsonl --out my-adapter",
      "  lora train --model TinyLlama-1.1B.Q4_0.gguf --gradient-checkpointing --data chats.jsonl"
          + " --out my-adapter",
      "  lora train --model SmolLM2-135M --data chats.jsonl --out tries --sweep lr=1e-4,2e-4 --sweep"
          + " rank=8,16",
      "  lora train --model net.pt --data my-images --image-size 32 --target-modules fc1,fc2 --out"
          + " my-adapter"
    })
final class TrainCommand implements Callable<Integer> {
  /** Options that may be paths, though not of that type. */
  private static final Set<String> PATHS = Set.of("--model", "--adapter", "--classes");

  private static final String ADAPTER = "%nAdapter:%n";
  private static final String LANGUAGE_MODELS = "%nLanguage models:%n";
  private static final String WEIGHTS = "%nWeights of a language model:%n";
  private static final String COLUMNS = "%nData of language models:%n";
  private static final String SCRIPTS = "%nTorchScript files:%n";

  /** Options of this invocation that are not options of the run. */
  private static final List<String> OF_THE_INVOCATION =
      List.of("--config", "--resume", "--json", "--help", "--version");

  private static final String SWEEP = "--sweep";

  @Option(
      names = "--model",
      paramLabel = "M",
      description = {
        "Language model or encoder: Hugging Face directory, GGUF file, or org/name[@revision] on"
            + " the Hub.",
        "Or a TorchScript file, which is a program: use only trusted files."
      })
  String model = "";

  @Option(
      names = "--data",
      paramLabel = "D",
      description = {
        "Texts for a language model: jsonl, json, csv, tsv, parquet or txt file.",
        "Images: folder or zip of {train,test}/{class}/*.{jpg,png}.",
        "Tables: folder with {train,test}.{csv,parquet}."
      })
  private @Nullable Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Output directory for the adapter" + DEFAULT)
  private Path out = Path.of("lora-adapter");

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML file with option names as keys; command-line options take precedence.")
  private @Nullable Path config;

  @Option(
      names = SWEEP,
      paramLabel = "NAME=X,Y…",
      description =
          "Values of an option; repeatable. Trains one adapter for each combination, in directories"
              + " under --out, and compares them.")
  private List<String> sweep = new ArrayList<>();

  @Mixin private OutputFormat output = new OutputFormat();

  @Mixin private InitialAdapterOptions initial = new InitialAdapterOptions();

  @ArgGroup(validate = false, heading = "%nTask:%n", order = 0)
  private TaskOptions task = new TaskOptions();

  @ArgGroup(validate = false, heading = ADAPTER, order = 1)
  private AdapterOptions adapter = new AdapterOptions();

  @ArgGroup(validate = false, heading = "%nTraining:%n", order = 2)
  private TrainingOptions training = new TrainingOptions();

  @ArgGroup(validate = false, heading = COLUMNS, order = 3)
  private ColumnOptions columns = new ColumnOptions();

  @ArgGroup(validate = false, heading = LANGUAGE_MODELS, order = 4)
  private LanguageOptions language = new LanguageOptions();

  @ArgGroup(validate = false, heading = WEIGHTS, order = 5)
  private WeightOptions weights = new WeightOptions();

  @ArgGroup(validate = false, heading = SCRIPTS, order = 6)
  private ExampleDataOptions examples = new ExampleDataOptions();

  @Option(names = "--device", paramLabel = "cpu|cuda", description = "Device" + DEFAULT)
  private String device = "cpu";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    TrainCommand command = configFile().map(this::configured).orElse(this);
    if (!command.sweep.isEmpty()) {
      return command.sweep();
    }
    command.output.show(command.train(Optional.empty())::fill, out -> {});
    return 0;
  }

  /** The options file: the given one, or that of the run or the sweep to resume. */
  private Optional<Path> configFile() {
    if (config != null || !training.resume()) {
      return Optional.ofNullable(config);
    }
    return Stream.of(SweepTraining.FILE, LanguageTraining.CONFIG)
        .map(out::resolve)
        .filter(Files::exists)
        .findFirst();
  }

  private int sweep() {
    Sweep combinations = Sweep.parse(sweep, names());
    Map<String, Object> options =
        ModelPath.isScript(model)
            ? effective(LANGUAGE_MODELS, COLUMNS, WEIGHTS)
            : effective(SCRIPTS);
    options.put("sweep", sweep);
    SweepTraining runs =
        new SweepTraining(combinations, out, training.resume(), options, this::of, output);
    return runs.run() ? 0 : 1;
  }

  /** Returns a run of a sweep: this command with other options. */
  private TrainCommand of(Map<String, String> combination, Path directory) {
    Map<String, String> given = given();
    given.remove(SWEEP);
    if (!Files.exists(directory.resolve("run.json"))) {
      given.remove("--resume"); // it has not begun
    }
    combination.forEach((name, value) -> given.put("--" + name, value));
    given.put("--out", directory.toString());
    return parsed(given, SWEEP);
  }

  /** Returns the reader of the runs that this command writes. */
  static RunReader runReader() {
    CommandSpec command = CommandSpec.forAnnotatedObject(new TrainCommand());
    List<String> paths =
        command.options().stream().filter(TrainCommand::isPath).map(TrainCommand::key).toList();
    return new RunReader(names(command), paths);
  }

  private static boolean isPath(OptionSpec option) {
    return option.type() == Path.class || PATHS.contains(option.longestName());
  }

  private List<String> names() {
    return names(spec);
  }

  private static List<String> names(CommandSpec command) {
    return command.options().stream()
        .filter(o -> !OF_THE_INVOCATION.contains(o.longestName()))
        .map(TrainCommand::key)
        .toList();
  }

  /** Returns this command with the options of the file; the command line takes precedence. */
  TrainCommand configured(Path file) {
    List<String> keys = new ArrayList<>(names());
    keys.add(RunPaths.KEY);
    Map<String, String> values = ConfigFile.read(file, keys);
    resolvePaths(file, values);
    Map<String, String> given = new LinkedHashMap<>();
    values.forEach((key, value) -> given.put("--" + key, value));
    given.putAll(given());
    return parsed(given, file.toString());
  }

  /** The options of this invocation by name with dashes. */
  private Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>();
    options()
        .filter(option -> spec.commandLine().getParseResult().hasMatchedOption(option))
        .filter(option -> !option.longestName().equals("--config"))
        .forEach(option -> given.put(option.longestName(), asGiven(option)));
    return given;
  }

  private static TrainCommand parsed(Map<String, String> given, String source) {
    TrainCommand command = new TrainCommand();
    try {
      OptionRanges.check(
          Main.configured(command)
              .parseArgs(
                  given.entrySet().stream()
                      .map(e -> e.getKey() + "=" + e.getValue())
                      .toArray(String[]::new)));
    } catch (ParameterException e) {
      throw new UserError(source + ": " + e.getMessage(), e);
    }
    return command;
  }

  /** Resolves the paths of a file that declares them relative to itself. */
  private void resolvePaths(Path file, Map<String, String> values) {
    String origin = values.remove(RunPaths.KEY);
    if (origin == null) {
      return;
    }
    if (!origin.equals(RunPaths.FILE)) {
      throw new UserError(
          "%s: '%s' must be '%s', found '%s'".formatted(file, RunPaths.KEY, RunPaths.FILE, origin));
    }
    RunPaths paths = RunPaths.in(file);
    options()
        .filter(TrainCommand::isPath)
        .forEach(option -> values.computeIfPresent(key(option), (k, v) -> paths.resolve(v)));
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

  /** All options of the run but these groups', by name without dashes, defaults included. */
  private Map<String, Object> effective(String... otherGroups) {
    Map<String, Object> effective = new LinkedHashMap<>();
    options()
        .filter(option -> !OF_THE_INVOCATION.contains(option.longestName()))
        .filter(option -> Stream.of(otherGroups).noneMatch(group -> isOf(group, option)))
        .filter(option -> !(initial.isGiven() && isOf(ADAPTER, option)))
        .filter(option -> !option.longestName().equals(SWEEP))
        .forEach(
            option -> {
              Object value = option.getValue();
              if (value != null && !value.equals(List.of())) {
                effective.put(key(option), value);
              }
            });
    if (Files.exists(Path.of(model))) {
      effective.put("model", Path.of(model));
    }
    return effective;
  }

  /**
   * Trains, and returns the figures of the run.
   *
   * @param bases the base model that the runs of a sweep share
   */
  TuningReport train(Optional<SharedBase> bases) {
    if (model.isEmpty() && training.resume()) {
      throw LanguageTraining.noOptions(out);
    }
    if (model.isEmpty() || data == null) {
      throw new UserError("--model and --data are required; see lora train --help");
    }
    if (!training.resume()) {
      new OutputDirectory(out).requireFree();
    }
    TrainPaths paths = new TrainPaths(model, data, out, device);
    if (ModelPath.isScript(model)) {
      examples.set(task);
      refuse(LANGUAGE_MODELS, "a TorchScript file");
      refuse(COLUMNS, "a TorchScript file");
      refuse(WEIGHTS, "a TorchScript file");
      return trainScript(paths);
    }
    refuse(SCRIPTS, "a language model");
    return task.run(languageTraining(paths, bases));
  }

  LanguageTraining languageTraining(TrainPaths paths, Optional<SharedBase> bases) {
    return new LanguageTraining(
        paths,
        adapter,
        initial.open(adapter, this::isGiven),
        training,
        language,
        weights.storage(),
        columns.options(),
        effective(SCRIPTS),
        bases,
        output.messages());
  }

  private boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  private void refuse(String group, String why) {
    options()
        .filter(option -> isOf(group, option))
        .filter(option -> isGiven(option.longestName()))
        .findFirst()
        .ifPresent(
            option -> {
              throw new UserError(
                  option.longestName() + " does not apply to " + model + "," + " " + why);
            });
  }

  private static boolean isOf(String group, OptionSpec option) {
    return option.group() != null && Objects.equals(option.group().heading(), group);
  }

  private TuningReport trainScript(TrainPaths paths) {
    try (TorchScriptModel net = TorchScriptModel.load(Path.of(model))) {
      examples.selectOutput(net);
      ExampleTraining run =
          new ExampleTraining(
              net,
              paths,
              examples,
              training,
              initial.open(adapter, this::isGiven),
              effective(LANGUAGE_MODELS, COLUMNS, WEIGHTS),
              output.messages());
      return run.run(adapter.config(adapter.rank()));
    }
  }
}
