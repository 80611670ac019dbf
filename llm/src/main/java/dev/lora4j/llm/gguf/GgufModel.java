package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.llm.model.GgufNames;
import dev.lora4j.llm.weights.WeightFile;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.quant.BlockWeights;
import dev.lora4j.nn.quant.HalfWeights;
import dev.lora4j.nn.quant.InterleavedWeights;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A language model in a GGUF file, presented like a Hugging Face directory: its config, and its
 * tensors under transformers' names and in transformers' layout. Opening checks that all agree.
 */
public final class GgufModel implements WeightFile {
  private static final String SUFFIX = ".gguf";
  private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);
  private static final String TYPE = "general.type";
  private static final String EMBEDDING = "token_embd.weight";

  private final GgufFile file;
  private final Layout layout;
  private final ObjectNode config;
  private final Map<String, String> names;

  private GgufModel(GgufModel other) {
    file = other.file.reopen();
    layout = other.layout;
    config = other.config;
    names = other.names;
  }

  private GgufModel(GgufFile file) {
    this.file = file;
    Metadata metadata = new Metadata(file);
    GgufNames ggufNames = Layout.names(file.path(), architecture(metadata));
    config = ConfigJson.of(metadata, ggufNames, file.names(), vocabulary());
    layout =
        Layout.of(
            ggufNames,
            config.path("num_attention_heads").asInt(1),
            config.path("num_key_value_heads").asInt(1));
    names = Collections.unmodifiableMap(layout.names(file.path(), file.names()));
    checkLayers();
    checkTokens(metadata);
    if (file.names().contains(Layout.ROPE_FACTORS)) {
      describeRope(metadata, ggufNames.ggufArchitecture());
    }
    if (ggufNames.hasLongRope() && file.names().stream().anyMatch(LongRopeTensors::has)) {
      LongRopeTensors.describe(file, metadata, ggufNames.ggufArchitecture(), config);
    }
  }

  /** Returns whether a path is a GGUF file, by the end of its name or its first bytes. */
  public static boolean isAt(Path path) {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    if (path.toString().endsWith(SUFFIX)) {
      return true;
    }
    try (InputStream in = Files.newInputStream(path)) {
      return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
    } catch (IOException e) {
      return false; // opening it reports why it can't be read
    }
  }

  /**
   * Opens a file.
   *
   * @throws UserError if it holds no model, or one that is not supported
   * @throws CorruptFile if it is damaged or contradicts itself
   */
  public static GgufModel open(Path path) {
    return of(GgufFile.open(path));
  }

  /** Opens a file as {@link #open} does; empty if it holds an adapter. */
  public static Optional<GgufModel> openUnlessAdapter(Path path) {
    GgufFile file = GgufFile.open(path);
    if (file.text(TYPE).filter("adapter"::equals).isPresent()) {
      file.close();
      return Optional.empty();
    }
    return Optional.of(of(file));
  }

  private static GgufModel of(GgufFile file) {
    try {
      return new GgufModel(file);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  private static String architecture(Metadata metadata) {
    String type = metadata.text(TYPE).orElse("model");
    if (!type.equals("model")) {
      throw new UserError(
          "%s: general.type: expected model, found %s; give a base model"
              .formatted(metadata.file(), type));
    }
    return metadata
        .text("general.architecture")
        .orElseThrow(() -> metadata.missing("general.architecture", "a name"));
  }

  private int vocabulary() {
    if (!file.names().contains(EMBEDDING)) {
      throw new CorruptFile(file.path(), "expected a tensor " + EMBEDDING + ", found none");
    }
    List<Long> shape = file.shape(EMBEDDING);
    if (shape.size() != 2 || shape.get(0) < 1 || shape.get(0) > Integer.MAX_VALUE) {
      throw new CorruptFile(file.path(), EMBEDDING + ": expected [tokens, width], found " + shape);
    }
    return Math.toIntExact(shape.get(0));
  }

  private void checkLayers() {
    int stored = config.path("num_hidden_layers").asInt(config.path("n_layer").asInt());
    long found =
        file.names().stream()
            .filter(name -> name.matches("blk\\.\\d+\\..+"))
            .map(name -> name.split("\\.", 3)[1])
            .distinct()
            .count();
    if (found != stored) {
      throw new CorruptFile(
          file.path(), "block_count is %d, but there are %d layers".formatted(stored, found));
    }
  }

  private void checkTokens(Metadata metadata) {
    Optional<List<String>> tokens = metadata.texts(GgufVocabulary.TOKENS);
    int rows = vocabulary();
    if (tokens.isPresent() && tokens.get().size() != rows) {
      throw new CorruptFile(
          file.path(),
          "%s lists %d tokens, but %s has %d rows: the tokenizer is another model's"
              .formatted(GgufVocabulary.TOKENS, tokens.get().size(), EMBEDDING, rows));
    }
  }

  private void describeRope(Metadata metadata, String architecture) {
    List<Integer> lengths = new ArrayList<>();
    metadata.whole(architecture + ".rope.scaling.original_context_length").ifPresent(lengths::add);
    lengths.add(LlamaRope.ORIGINAL_POSITIONS);
    try (PointerScope scope = new PointerScope()) {
      float[] factors = Ops.floats(file.read(Layout.ROPE_FACTORS));
      LlamaRope.describe(file.path(), config, factors, lengths);
    }
  }

  /** Returns a new copy of its {@code config.json}. */
  public ObjectNode config() {
    return config.deepCopy();
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Set<String> names() {
    return names.keySet();
  }

  public GgmlType type(String name) {
    return file.tensor(inFile(name)).type();
  }

  /** Returns the size of a tensor in the file, in bytes. */
  public long bytes(String name) {
    return file.tensor(inFile(name)).bytes();
  }

  @Override
  public DType dtype(String name) {
    return file.dtype(inFile(name));
  }

  @Override
  public List<Long> shape(String name) {
    List<Long> shape = file.shape(inFile(name));
    return layout.isTransposed(name) && shape.size() == 2
        ? List.of(shape.get(1), shape.get(0))
        : shape;
  }

  @Override
  public Tensor read(String name) {
    return layout.fromGguf(name, file.read(inFile(name)));
  }

  @Override
  public boolean isQuantized(String name) {
    return type(name).isQuantized();
  }

  /** Returns the most frequent format of its quantised matrices. */
  @Override
  public Optional<String> quantization() {
    Map<GgmlType, Long> counts =
        names().stream()
            .map(this::type)
            .filter(GgmlType::isQuantized)
            .collect(Collectors.groupingBy(type -> type, TreeMap::new, Collectors.counting()));
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(most -> most.getKey().name());
  }

  /**
   * Returns the blocks of a matrix, or its halves; GGUF has all of them as {@code [out, in]}.
   * Blocks that decoding multiplies faster in another order are read and rearranged; others are
   * mapped.
   */
  @Override
  public Optional<WeightStore> store(String name, boolean transposed) {
    GgmlType type = type(name);
    List<Long> stored = file.shape(inFile(name));
    boolean half = type == GgmlType.F16 || type == GgmlType.BF16;
    if (stored.size() != 2 || !(type.isQuantized() || half)) {
      return Optional.empty();
    }
    long columns = stored.get(1);
    Optional<BlockType> rearranged =
        type.blocks().filter(blocks -> InterleavedWeights.suit(blocks, stored.get(0), columns));
    try (PointerScope scope = new PointerScope()) {
      if (rearranged.isPresent()) {
        MatrixRows rows = new MatrixRows(file, layout, name, inFile(name));
        return Optional.of(InterleavedWeights.of(rearranged.get(), stored.get(0), columns, rows));
      }
      return file.mapBytes(inFile(name))
          .map(bytes -> layout.rowsFromGguf(name, bytes))
          .map(rows -> store(type, rows, columns));
    }
  }

  private static WeightStore store(GgmlType type, Tensor rows, long columns) {
    return type.blocks()
        .<WeightStore>map(blocks -> new BlockWeights(blocks, Parameter.frozen(rows), columns))
        .orElseGet(() -> new HalfWeights(Parameter.frozen(rows.view(type.dtype().torch()))));
  }

  private String inFile(String name) {
    return names.getOrDefault(name, name);
  }

  /** Returns the config and tokenizer files of the header; they outlive {@link #close}. */
  public ModelFiles files() {
    return new GgufFiles(this, new Metadata(file), config);
  }

  /** Opens the file again, with the header that was read before. */
  GgufModel reopen() {
    return new GgufModel(this);
  }

  @Override
  public void close() {
    file.close();
  }
}
