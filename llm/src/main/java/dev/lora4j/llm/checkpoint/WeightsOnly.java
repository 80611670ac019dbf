package dev.lora4j.llm.checkpoint;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.TensorForm;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.lora.format.Naming;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.TransposedLinear;
import dev.lora4j.nn.conv.Conv;
import dev.lora4j.nn.conv.ConvOptions;
import dev.lora4j.nn.runtime.Engine;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The network of any saved model, built from its weights without its class: layers are recognised
 * by shape and name, so that adapters can be planned and merged. It has no forward pass. The
 * weights are memory-mapped and read on first use.
 *
 * <pre>{@code
 * try (Checkpoint saved = Checkpoint.open(Path.of("SmolLM2-135M"));
 *     WeightsOnly network = WeightsOnly.of(saved)) {
 *   AdapterPlan plan = Lora.plan(network, LoraConfig.rank(8).targets(named("q_proj", "v_proj")));
 * }
 * }</pre>
 *
 * <p>A two-dimensional weight is a linear layer, or an embedding if its name or the adapter implies
 * one; GPT-2's are transposed; three to five dimensions are a convolution with one group.
 * Everything else is kept as bare parameters, which can't be targets. Integer tensors are buffers
 * and not part of the network. A wrong guess does not pass unnoticed: an adapter's tensors are
 * loaded by name and shape, and all must fit.
 */
public final class WeightsOnly extends UnknownModule {
  private static final List<String> INPUT_EMBEDDINGS =
      List.of("embed_tokens", "wte", "word_embeddings", "embed_in", "tok_embeddings");
  static final String HEAD = "lm_head";
  private static final List<String> HEADS = List.of(HEAD, "embed_out");
  public static final String HEAD_WEIGHT = HEAD + ".weight";

  private final Checkpoint checkpoint; // keeps its pages mapped
  private final Map<String, String> nameOf = new LinkedHashMap<>();
  private Optional<String> tiedEmbedding = Optional.empty();

  private WeightsOnly(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /** Returns the config's {@code model_type}, if there is one. */
  @Override
  public Optional<String> modelType() {
    return checkpoint.config().map(ModelConfig::modelType).filter(type -> !type.isEmpty());
  }

  @Override
  public List<String> defaultTargets() {
    return modelType()
        .flatMap(ModelFamily::named)
        .map(ModelFamily::defaultTargets)
        .orElse(List.of());
  }

  /** Returns the network with the names of the file. */
  public static WeightsOnly of(Checkpoint checkpoint) {
    return of(checkpoint, Naming.asSaved(), LayerHints.none());
  }

  /** Returns the network with the paths of an adapter. */
  public static WeightsOnly of(Checkpoint checkpoint, Naming naming, LayerHints hints) {
    Engine.start();
    WeightsOnly network = new WeightsOnly(checkpoint);
    Map<String, Map<String, TensorForm>> groups = groups(checkpoint);
    LayerKinds kinds = LayerKinds.of(checkpoint.config(), groups);
    Set<String> parents = parents(groups.keySet());
    groups.forEach(
        (path, tensors) -> {
          boolean isLeaf = !parents.contains(path);
          String renamed = path.isEmpty() ? path : naming.path(path);
          LayerKinds.Kind kind =
              isLeaf && !path.isEmpty()
                  ? hints.correct(renamed, kinds.of(path, tensors))
                  : LayerKinds.Kind.UNKNOWN;
          network.put(path, renamed, tensors.keySet(), kind);
        });
    network.addTiedHead();
    return network;
  }

  /** Groups the floating-point tensors by module path, then by their last name. */
  private static Map<String, Map<String, TensorForm>> groups(Checkpoint checkpoint) {
    Map<String, Map<String, TensorForm>> groups = new LinkedHashMap<>();
    checkpoint
        .infos()
        .forEach(
            (name, info) -> {
              if (name.startsWith(".") || name.endsWith(".") || name.contains("..")) {
                throw new CorruptFile(
                    checkpoint.path(), "key " + name + ": expected names between its dots");
              }
              if (info.dtype().isFloating()) {
                int dot = name.lastIndexOf('.');
                groups
                    .computeIfAbsent(
                        name.substring(0, Math.max(0, dot)), p -> new LinkedHashMap<>())
                    .put(name.substring(dot + 1), info);
              }
            });
    return groups;
  }

  private static Set<String> parents(Set<String> paths) {
    Set<String> parents = new HashSet<>();
    for (String path : paths) {
      for (int dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
        parents.add(path.substring(0, dot));
      }
    }
    return parents;
  }

  private void put(String path, String renamed, Set<String> tensors, LayerKinds.Kind kind) {
    String before = path.isEmpty() ? "" : path + ".";
    String after = renamed.isEmpty() ? "" : renamed + ".";
    tensors.forEach(name -> nameOf.put(after + name, before + name));
    if (kind == LayerKinds.Kind.UNKNOWN) {
      UnknownModule branch = branchAt(renamed);
      tensors.forEach(name -> branch.hold(name, checkpoint.mapOrRead(before + name)));
      return;
    }
    Parameter weight = Parameter.over(checkpoint.mapOrRead(before + "weight"));
    Optional<Parameter> bias =
        tensors.contains("bias")
            ? Optional.of(Parameter.over(checkpoint.mapOrRead(before + "bias")))
            : Optional.empty();
    int dot = renamed.lastIndexOf('.');
    branchAt(renamed.substring(0, Math.max(0, dot)))
        .layer(renamed.substring(dot + 1), layer(kind, weight, bias));
  }

  private static Module layer(LayerKinds.Kind kind, Parameter weight, Optional<Parameter> bias) {
    return switch (kind) {
      case LINEAR -> Linear.sharing(weight, bias);
      case TRANSPOSED_LINEAR -> TransposedLinear.sharing(weight, bias.orElseThrow());
      case EMBEDDING -> Embedding.sharing(weight, OptionalLong.empty());
      case CONVOLUTION -> Conv.sharing(weight, bias, plainConvolution(weight, bias.isPresent()));
      case UNKNOWN -> throw new IllegalStateException("not a layer");
    };
  }

  /**
   * Assumes one group and PyTorch's default stride and padding, which can't be inferred from a
   * weight.
   */
  private static ConvOptions plainConvolution(Parameter weight, boolean withBias) {
    long[] shape = weight.shape();
    ConvOptions plain = ConvOptions.kernel(Arrays.copyOfRange(shape, 2, shape.length));
    return withBias ? plain : plain.withoutBias();
  }

  private UnknownModule branchAt(String path) {
    UnknownModule branch = this;
    for (String name : path.isEmpty() ? new String[0] : path.split("\\.")) {
      branch = branch.branch(name);
    }
    return branch;
  }

  /**
   * Ties the output head to the input embedding if the config does; then no file needs to store it.
   */
  private void addTiedHead() {
    boolean hasHead = children().containsKey(HEAD);
    boolean tied =
        checkpoint
            .config()
            .filter(config -> config.hasWordHead() && config.tiesHead().orElse(!hasHead))
            .isPresent();
    List<String> embeddings = tied ? inputEmbeddings() : List.of();
    if (embeddings.size() != 1) {
      return;
    }
    String embedding = embeddings.get(0) + ".weight";
    tiedEmbedding = Optional.of(embedding);
    Module source = namedModules().get(embeddings.get(0));
    if (source instanceof Embedding shared) {
      Module stored = children().get(HEAD);
      removeChild(HEAD);
      layer(HEAD, Linear.sharing(shared.weight().tied()));
      if (stored != null) {
        stored.close();
      }
    }
  }

  private List<String> inputEmbeddings() {
    return namedModules().entrySet().stream()
        .filter(module -> module.getValue() instanceof Embedding)
        .map(Map.Entry::getKey)
        .filter(path -> INPUT_EMBEDDINGS.contains(path.substring(path.lastIndexOf('.') + 1)))
        .toList();
  }

  /** Returns the path of the input embedding, if the network has exactly one. */
  public Optional<String> inputEmbedding() {
    List<String> paths = inputEmbeddings();
    return paths.size() == 1 ? Optional.of(paths.get(0)) : Optional.empty();
  }

  @Override
  public Optional<String> headPath() {
    return HEADS.stream().filter(children()::containsKey).findFirst();
  }

  /** Returns the checkpoint's name of a parameter. */
  public String tensor(String parameter) {
    String name = nameOf.get(parameter);
    if (name == null) {
      throw new IllegalArgumentException("no tensor for " + parameter);
    }
    return name;
  }

  /** Returns the path of the embedding weight that is also the head's, if the network ties them. */
  public Optional<String> tiedEmbedding() {
    return tiedEmbedding;
  }

  /** Returns whether the file stores a parameter; a tied head is not stored. */
  public boolean hasTensor(String parameter) {
    return nameOf.containsKey(parameter);
  }

  /** Returns the paths of all modules with a tensor in a checkpoint. */
  public static Set<String> modulePaths(Checkpoint checkpoint) {
    return Collections.unmodifiableSet(groups(checkpoint).keySet());
  }
}
