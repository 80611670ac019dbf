package dev.lora4j.spark.inference;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Computes a column with a model and its adapters: completions, labels, embeddings or scores. A
 * column may name the adapter of each row.
 *
 * <pre>{@code
 * Dataset<Row> labelled =
 *     new LoraTransformer()
 *         .setTask(RowTask.CLASSIFY)
 *         .setBase("/models/all-MiniLM-L6-v2")
 *         .setAdapter("acme", "/adapters/acme")
 *         .setAdapter("globex", "/adapters/globex")
 *         .setInputCol("text")
 *         .setAdapterCol("tenant")
 *         .setOutputCol("topic")
 *         .transform(tickets);
 * }</pre>
 *
 * <p>Each executor loads the model once for all its tasks, whose batches share its threads. Paths
 * are those of the executors; a file or directory that Spark has sent by {@code --files} or {@code
 * --archives} is found by its last name, and an adapter may be on a file system of Hadoop, such as
 * {@code hdfs:///adapters/one}. A row without a text gets no output. Rows without an adapter's name
 * use the base.
 */
public final class LoraTransformer extends Model<LoraTransformer> implements DefaultParamsWritable {
  private static final long serialVersionUID = 1;
  private static final int BATCH_ROWS = 256;
  private static final int MAX_TOKENS = 128;
  private static final int DECODE_BATCH = 16;

  private final String uid;
  private final Param<String> task;
  private final Param<String> base;
  private final StringArrayParam adapters;
  private final Param<String> inputCol;
  private final Param<String> secondCol;
  private final Param<String> adapterCol;
  private final Param<String> adapter;
  private final Param<String> outputCol;
  private final IntParam batchRows;
  private final IntParam threads;
  private final IntParam maxTokens;
  private final Param<String> systemPrompt;
  private final DoubleParam temperature;
  private final LongParam seed;

  /** A transformer of a random name. */
  public LoraTransformer() {
    this(Identifiable$.MODULE$.randomUID("lora"));
  }

  /** A transformer of this name, as {@link #load} creates it. */
  public LoraTransformer(String uid) {
    this.uid = uid;
    task = new Param<>(this, "task", "generate, classify, embed or score");
    base = new Param<>(this, "base", "directory, GGUF file or Hub name of the base model");
    adapters = new StringArrayParam(this, "adapters", "name=directory of each adapter");
    inputCol = new Param<>(this, "inputCol", "column of the text or prompt");
    secondCol = new Param<>(this, "secondCol", "column of the second text of a pair");
    adapterCol = new Param<>(this, "adapterCol", "column of the adapter's name");
    adapter = new Param<>(this, "adapter", "adapter of rows that name none");
    outputCol = new Param<>(this, "outputCol", "column of the output");
    batchRows = new IntParam(this, "batchRows", "rows that are computed together");
    threads = new IntParam(this, "threads", "threads of an executor, 0 for its cores");
    maxTokens = new IntParam(this, "maxTokens", "maximum number of generated tokens");
    systemPrompt = new Param<>(this, "systemPrompt", "system turn of generated completions");
    temperature = new DoubleParam(this, "temperature", "sampling temperature, 0 is greedy");
    seed = new LongParam(this, "seed", "seed of sampling");
    setDefault(inputCol, "text");
    setDefault(adapters, new String[0]);
    setDefault(secondCol, "");
    setDefault(adapterCol, "");
    setDefault(adapter, "");
    setDefault(outputCol, "output");
    setDefault(batchRows, BATCH_ROWS);
    setDefault(threads, 0);
    setDefault(maxTokens, MAX_TOKENS);
    setDefault(systemPrompt, "");
    setDefault(temperature, 0.0);
    setDefault(seed, 0L);
  }

  /** Reads a saved transformer. */
  public static LoraTransformer load(String path) {
    return read().load(path);
  }

  /** The reader of saved transformers, which pipelines use. */
  public static MLReader<LoraTransformer> read() {
    return new DefaultParamsReader<>();
  }

  @Override
  public String uid() {
    return uid;
  }

  // ---- parameters ----

  /** The task, a word of {@link RowTask}. */
  public Param<String> task() {
    return task;
  }

  /** The task, which is required. */
  public LoraTransformer setTask(RowTask choice) {
    return with(task, choice.word());
  }

  /** The base model. */
  public Param<String> base() {
    return base;
  }

  /** The base model: directory, GGUF file, or {@code org/name[@revision]} on the Hub. */
  public LoraTransformer setBase(String model) {
    return with(base, model);
  }

  /** The adapters, each as {@code name=directory}. */
  public StringArrayParam adapters() {
    return adapters;
  }

  /** Adds an adapter under a name. */
  public LoraTransformer setAdapter(String name, String directory) {
    if (name.isEmpty() || name.contains("=")) {
      throw new UserError(
          "an adapter's name must not be empty or contain '=', found '" + name + "'");
    }
    String[] before = getOrDefault(adapters);
    String[] all = Arrays.copyOf(before, before.length + 1);
    all[before.length] = name + "=" + directory;
    return with(adapters, all);
  }

  /** The column of the text or prompt. */
  public Param<String> inputCol() {
    return inputCol;
  }

  /** Column of the text or prompt; {@code text} unless set. */
  public LoraTransformer setInputCol(String column) {
    return with(inputCol, column);
  }

  /** The column of the second text. */
  public Param<String> secondCol() {
    return secondCol;
  }

  /** Column of the document of a score, or of the second text that is classified. */
  public LoraTransformer setSecondCol(String column) {
    return with(secondCol, column);
  }

  /** The column of each row's adapter. */
  public Param<String> adapterCol() {
    return adapterCol;
  }

  /** Column of each row's adapter; null or an empty name means the standard one. */
  public LoraTransformer setAdapterCol(String column) {
    return with(adapterCol, column);
  }

  /** The adapter of rows that name none. */
  public Param<String> adapter() {
    return adapter;
  }

  /** The adapter of rows that name none; the base unless set. */
  public LoraTransformer setStandardAdapter(String name) {
    return with(adapter, name);
  }

  /** The column of the output. */
  public Param<String> outputCol() {
    return outputCol;
  }

  /** Column of the output; {@code output} unless set. */
  public LoraTransformer setOutputCol(String column) {
    return with(outputCol, column);
  }

  /** The rows of a batch. */
  public IntParam batchRows() {
    return batchRows;
  }

  /** Rows that a task computes together; 256 unless set. */
  public LoraTransformer setBatchRows(int rows) {
    return with(batchRows, rows);
  }

  /** The threads of an executor. */
  public IntParam threads() {
    return threads;
  }

  /** Threads of each executor that compute; one for each core unless set. */
  public LoraTransformer setThreads(int count) {
    return with(threads, count);
  }

  /** The maximum number of generated tokens. */
  public IntParam maxTokens() {
    return maxTokens;
  }

  /** Maximum number of tokens of a completion; 128 unless set. */
  public LoraTransformer setMaxTokens(int tokens) {
    return with(maxTokens, tokens);
  }

  /** The system turn. */
  public Param<String> systemPrompt() {
    return systemPrompt;
  }

  /** System turn of generated completions; none unless set. */
  public LoraTransformer setSystemPrompt(String prompt) {
    return with(systemPrompt, prompt);
  }

  /** The sampling temperature. */
  public DoubleParam temperature() {
    return temperature;
  }

  /** Sampling temperature; 0, greedy decoding, unless set. */
  public LoraTransformer setTemperature(double value) {
    return with(temperature, value);
  }

  /** The seed of sampling. */
  public LongParam seed() {
    return seed;
  }

  /** Seed of sampling; a row's completion follows from it and the row's prompt. */
  public LoraTransformer setSeed(long value) {
    return with(seed, value);
  }

  private LoraTransformer with(Param<?> parameter, Object value) {
    set(parameter.name(), value);
    return this;
  }

  // ---- transforming ----

  @Override
  public StructType transformSchema(StructType schema) {
    columns().check(schema);
    String output = getOrDefault(outputCol);
    if (Arrays.asList(schema.fieldNames()).contains(output)) {
      throw new UserError(
          "the Dataset already has a column '" + output + "'; choose another outputCol");
    }
    return schema.add(output, spec().task().outputType(), true);
  }

  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType schema = transformSchema(dataset.schema());
    RowColumns columns = columns();
    ModelSpec spec = spec();
    int size = positive(batchRows);
    SerializableConfiguration hadoop =
        new SerializableConfiguration(dataset.sparkSession().sparkContext().hadoopConfiguration());
    return dataset
        .toDF()
        .mapPartitions(
            (MapPartitionsFunction<Row, Row>)
                rows -> new RowBatches(rows, columns, size, spec, hadoop.value()),
            Encoders.row(schema));
  }

  private RowColumns columns() {
    return new RowColumns(
        getOrDefault(inputCol),
        getOrDefault(secondCol),
        getOrDefault(adapterCol),
        getOrDefault(adapter));
  }

  private ModelSpec spec() {
    if (!isSet(task) || !isSet(base)) {
      throw new UserError("set the task and the base of the transformer: setTask, setBase");
    }
    RowTask chosen = RowTask.of(getOrDefault(task));
    if (chosen == RowTask.SCORE && getOrDefault(secondCol).isEmpty()) {
      throw new UserError("a score needs two texts; set the second column: setSecondCol");
    }
    return new ModelSpec(
        chosen,
        getOrDefault(base),
        directories(),
        (Integer) getOrDefault(threads),
        new ModelSpec.CompletionSpec(
            positive(maxTokens),
            getOrDefault(systemPrompt),
            (Double) getOrDefault(temperature),
            (Long) getOrDefault(seed),
            DECODE_BATCH));
  }

  private Map<String, String> directories() {
    Map<String, String> directories = new LinkedHashMap<>();
    for (String entry : getOrDefault(adapters)) {
      int sign = entry.indexOf('=');
      if (sign < 1) {
        throw new UserError("adapters: expected name=directory, found '" + entry + "'");
      }
      directories.put(entry.substring(0, sign), entry.substring(sign + 1));
    }
    String standard = getOrDefault(adapter);
    if (!standard.isEmpty() && !directories.containsKey(standard)) {
      throw new UserError(
          "no adapter '" + standard + "'" + NearMiss.hint(standard, directories.keySet()));
    }
    return directories;
  }

  private int positive(IntParam parameter) {
    int value = (Integer) getOrDefault(parameter);
    if (value < 1) {
      throw new UserError("%s must be at least 1, found %d".formatted(parameter.name(), value));
    }
    return value;
  }

  @Override
  public LoraTransformer copy(ParamMap extra) {
    LoraTransformer copy = defaultCopy(extra);
    return copy.setParent(parent());
  }
}
