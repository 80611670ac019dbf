package dev.lora4j.llm.task.predict;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskTokenizer;
import dev.lora4j.llm.task.model.TaskNetwork;
import dev.lora4j.llm.task.model.TaskNetworks;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A base with adapters for one kind of task, each with a head, labels and a calibration of its own;
 * the number of labels may differ.
 */
public final class AdaptedTask implements AutoCloseable {
  private final TaskNetwork network;
  private final LoraModel model;
  private final Tokenizer tokenizer;
  private final JsonDocument config;
  private final int maxTokens;
  private final Map<String, TaskDescription> adapters = new ConcurrentHashMap<>();

  private AdaptedTask(
      TaskNetwork network, Tokenizer tokenizer, JsonDocument config, int maxTokens) {
    this.network = network;
    this.tokenizer = tokenizer;
    this.config = config;
    this.maxTokens = maxTokens;
    model = Lora.base(network.module());
  }

  /**
   * Loads a base for the task of an adapter, without the adapter.
   *
   * @param adapter an adapter's directory, which tells the task
   * @throws UserError if the adapter is for no task on texts, or the base can't be used for it
   */
  public static AdaptedTask open(ModelFiles files, Path adapter, WeightStorage storage) {
    JsonDocument config = files.json(ModelConfig.FILE);
    int outputs = SavedHead.outputs(adapter).orElse(1);
    TextTask task = TaskDescription.read(adapter, config, outputs).task();
    Tokenizer tokenizer = Tokenizer.load(files);
    TaskNetwork network = null;
    try {
      network = TaskNetworks.load(files, task, outputs, storage);
      TaskNetworks.checkTokenizer(files, tokenizer, network);
      return new AdaptedTask(network, tokenizer, config, maxTokens(files, network));
    } catch (RuntimeException e) {
      if (network != null) {
        network.close();
      }
      tokenizer.close();
      throw e;
    }
  }

  /** The limit of the network, or that of the tokenizer where it is lower. */
  private static int maxTokens(ModelFiles files, TaskNetwork network) {
    int longest = network.maxTokens();
    double limit = files.json("tokenizer_config.json").positive("model_max_length", longest);
    return (int) Math.min(longest, limit);
  }

  /**
   * Loads an adapter under a name.
   *
   * @throws UserError if the name is taken, the adapter does not fit, or it has another kind of
   *     task
   */
  public synchronized void load(String name, Path directory, BaseCheck check) {
    load(name, directory, check, Optional.empty());
  }

  /**
   * Loads an adapter for a given task. PEFT's files do not tell classes from labels of which
   * several apply, nor a number from a relevance.
   *
   * @param asked the task; by default the one of its files
   * @throws UserError if it is for another task
   */
  public synchronized void load(
      String name, Path directory, BaseCheck check, Optional<TextTask> asked) {
    OptionalInt outputs = SavedHead.outputs(directory);
    TaskDescription found =
        TaskDescription.read(directory, config, outputs.orElse(network.outputs()));
    TaskDescription description = asked.map(task -> found.as(task, directory)).orElse(found);
    boolean headed = description.task().hasHead();
    boolean perToken = description.task() == TextTask.TOKEN_CLASSIFICATION;
    if (headed == network.headModules().isEmpty() || perToken != network.isPerToken()) {
      throw new UserError(
          "%s is an adapter for %s; one model has adapters of one kind of task"
              .formatted(directory, description.task().word()));
    }
    if (headed && outputs.isEmpty()) {
      throw new UserError(
          "%s has no head: no %s among its tensors; PEFT saves it with modules_to_save"
              .formatted(directory, String.join(", ", network.headModules())));
    }
    if (headed) {
      requireOutputs(directory, description.task(), outputs.getAsInt());
    }
    outputs.ifPresent(network::resizeHead);
    model.load(name, directory, check);
    adapters.put(name, description);
  }

  /** Refuses a head of another size than the task, or the labels beside it, want. */
  private static void requireOutputs(Path directory, TextTask task, int outputs) {
    Optional<LabelNames> labels = TaskDescription.labelsAt(directory);
    if (!task.hasLabels() && outputs != 1) {
      throw new UserError(
          "%s: a head for %s has one output, but this one has %d"
              .formatted(directory, task.word(), outputs));
    }
    if (task.hasLabels() && labels.isPresent() && labels.get().size() != outputs) {
      throw new UserError(
          "%s: the head has %d outputs, but config.json beside it names %d labels: %s"
              .formatted(
                  directory,
                  outputs,
                  labels.get().size(),
                  String.join(", ", labels.get().names())));
    }
  }

  /** Removes an adapter; predictions that use it end with it. */
  public synchronized void remove(String name) {
    description(name);
    adapters.remove(name);
    model.remove(name);
  }

  /** Names of the adapters. */
  public Set<String> names() {
    return Set.copyOf(adapters.keySet());
  }

  /**
   * The task of an adapter.
   *
   * @throws UserError if there is no adapter of that name
   */
  public TaskDescription description(String name) {
    return Optional.ofNullable(adapters.get(name))
        .orElseThrow(
            () -> new UserError("no adapter '" + name + "'" + NearMiss.hint(name, names())));
  }

  /** The tokenizer for an adapter, with the maximum length of its training, or the model's. */
  public TaskTokenizer tokenizer(String name) {
    int trained = description(name).maxTokens();
    int limit = trained == 0 ? maxTokens : Math.min(trained, network.maxTokens());
    return new TaskTokenizer(tokenizer, limit);
  }

  public TaskNetwork network() {
    return network;
  }

  /** The base with the adapters, all of them inactive. */
  public LoraModel model() {
    return model;
  }

  @Override
  public void close() {
    network.close();
    tokenizer.close();
  }
}
