package dev.lora4j.spark;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.spark.exchange.Reduction;
import dev.lora4j.spark.files.ExecutorFiles;
import dev.lora4j.spark.inference.LoraTransformer;
import dev.lora4j.spark.inference.RowTask;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.BooleanParam;
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
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Trains an adapter as {@link LoraSpark#fineTune} does, and returns a {@link LoraTransformer} that
 * generates with it.
 *
 * <pre>{@code
 * LoraTransformer support =
 *     new LoraEstimator()
 *         .setBase("/models/SmolLM2-135M-Instruct")
 *         .setOutputDir("hdfs:///runs/support")
 *         .setBatchSize(64)
 *         .fit(chats);
 * }</pre>
 *
 * <p>The adapter remains in the output directory, which the transformer, saved or not, refers to.
 * Each fit needs a directory of its own, also for several parameter maps. Messages on the data and
 * the losses are logged. Recipes with other settings are trained by {@link LoraSpark}.
 */
public final class LoraEstimator extends Estimator<LoraTransformer>
    implements DefaultParamsWritable {
  private static final long serialVersionUID = 1;
  private static final String ADAPTER = "trained";
  private static final int RANK = 8;
  private static final int BATCH = 4;
  private static final int MAX_TOKENS = 512;
  private static final double VALIDATION = 0.05;
  private static final int GENERATED = 128;

  private final String uid;
  private final Param<String> base;
  private final Param<String> outputDir;
  private final StringArrayParam columns;
  private final IntParam rank;
  private final DoubleParam alpha;
  private final DoubleParam learningRate;
  private final IntParam epochs;
  private final LongParam maxSteps;
  private final IntParam batchSize;
  private final IntParam maxSeqLength;
  private final DoubleParam validationFraction;
  private final LongParam seed;
  private final IntParam executors;
  private final IntParam workers;
  private final Param<String> reduction;
  private final BooleanParam resume;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final IntParam maxTokens;

  /** An estimator of a random name. */
  public LoraEstimator() {
    this(Identifiable$.MODULE$.randomUID("lora-estimator"));
  }

  /** An estimator of this name, as {@link #load} creates it. */
  public LoraEstimator(String uid) {
    this.uid = uid;
    base = new Param<>(this, "base", "directory, GGUF file or Hub name of the base model");
    outputDir = new Param<>(this, "outputDir", "directory of the run and its adapter");
    columns =
        new StringArrayParam(
            this, "columns", "field=column of each field whose column has another name");
    rank = new IntParam(this, "rank", "LoRA rank");
    alpha = new DoubleParam(this, "alpha", "LoRA alpha, 0 for twice the rank");
    learningRate = new DoubleParam(this, "learningRate", "learning rate");
    epochs = new IntParam(this, "epochs", "number of epochs");
    maxSteps = new LongParam(this, "maxSteps", "number of steps, 0 for the epochs");
    batchSize = new IntParam(this, "batchSize", "rows of a step on the whole cluster");
    maxSeqLength = new IntParam(this, "maxSeqLength", "maximum number of tokens of an example");
    validationFraction =
        new DoubleParam(this, "validationFraction", "fraction of the rows for validation");
    seed = new LongParam(this, "seed", "seed of initialisation and data order");
    executors = new IntParam(this, "executors", "number of executors, 0 for all");
    workers = new IntParam(this, "workers", "worker threads of each executor, 0 for its cores");
    reduction = new Param<>(this, "reduction", "order of the gradients' sum: fast or ordered");
    resume = new BooleanParam(this, "resume", "whether to resume the run in the directory");
    inputCol = new Param<>(this, "inputCol", "column of the prompt that the transformer reads");
    outputCol =
        new Param<>(this, "outputCol", "column of the completion that the transformer adds");
    maxTokens = new IntParam(this, "maxTokens", "maximum number of generated tokens");
    setDefault(columns, new String[0]);
    setDefault(rank, RANK);
    setDefault(alpha, 0.0);
    setDefault(learningRate, FineTuneRecipe.DEFAULT_LEARNING_RATE);
    setDefault(epochs, 1);
    setDefault(maxSteps, 0L);
    setDefault(batchSize, BATCH);
    setDefault(maxSeqLength, MAX_TOKENS);
    setDefault(validationFraction, VALIDATION);
    setDefault(seed, 0L);
    setDefault(executors, 0);
    setDefault(workers, 0);
    setDefault(reduction, Reduction.FAST.word());
    setDefault(resume, false);
    setDefault(inputCol, "prompt");
    setDefault(outputCol, "output");
    setDefault(maxTokens, GENERATED);
  }

  /** Reads a saved estimator. */
  public static LoraEstimator load(String path) {
    return read().load(path);
  }

  /** The reader of saved estimators, which pipelines use. */
  public static MLReader<LoraEstimator> read() {
    return new DefaultParamsReader<>();
  }

  @Override
  public String uid() {
    return uid;
  }

  // ---- parameters, documented at their setters ----

  public Param<String> base() {
    return base;
  }

  /** The base model: directory, GGUF file, or {@code org/name[@revision]} on the Hub; required. */
  public LoraEstimator setBase(String value) {
    return with(base, value);
  }

  public Param<String> outputDir() {
    return outputDir;
  }

  /** Directory of the run and its adapter, on any file system that Hadoop knows; required. */
  public LoraEstimator setOutputDir(String value) {
    return with(outputDir, value);
  }

  public StringArrayParam columns() {
    return columns;
  }

  /** Reads a field, such as {@code completion}, from a column of another name. */
  public LoraEstimator setColumn(String field, String column) {
    String[] before = getOrDefault(columns);
    String[] all = Arrays.copyOf(before, before.length + 1);
    all[before.length] = field + "=" + column;
    return with(columns, all);
  }

  public IntParam rank() {
    return rank;
  }

  /** LoRA rank on all linear layers; 8 unless set. */
  public LoraEstimator setRank(int value) {
    return with(rank, value);
  }

  public DoubleParam alpha() {
    return alpha;
  }

  /** LoRA alpha; twice the rank unless set. */
  public LoraEstimator setAlpha(double value) {
    return with(alpha, value);
  }

  public DoubleParam learningRate() {
    return learningRate;
  }

  /** Learning rate; 2e-4 unless set. */
  public LoraEstimator setLearningRate(double value) {
    return with(learningRate, value);
  }

  public IntParam epochs() {
    return epochs;
  }

  /** Number of epochs; 1 unless set. */
  public LoraEstimator setEpochs(int value) {
    return with(epochs, value);
  }

  public LongParam maxSteps() {
    return maxSteps;
  }

  /** Number of steps, instead of epochs. */
  public LoraEstimator setMaxSteps(long value) {
    return with(maxSteps, value);
  }

  public IntParam batchSize() {
    return batchSize;
  }

  /** Rows of a step on the whole cluster; 4 unless set. */
  public LoraEstimator setBatchSize(int value) {
    return with(batchSize, value);
  }

  public IntParam maxSeqLength() {
    return maxSeqLength;
  }

  /** Maximum number of tokens of an example; 512 unless set. */
  public LoraEstimator setMaxSeqLength(int value) {
    return with(maxSeqLength, value);
  }

  public DoubleParam validationFraction() {
    return validationFraction;
  }

  /** Fraction of the rows that is split off for validation; 0.05 unless set. */
  public LoraEstimator setValidationFraction(double value) {
    return with(validationFraction, value);
  }

  public LongParam seed() {
    return seed;
  }

  /** Seed for initialisation, validation split, data order and dropout; 0 unless set. */
  public LoraEstimator setSeed(long value) {
    return with(seed, value);
  }

  public IntParam executors() {
    return executors;
  }

  /** Number of executors; all that the application has unless set. */
  public LoraEstimator setExecutors(int value) {
    return with(executors, value);
  }

  public IntParam workers() {
    return workers;
  }

  /** Worker threads of each executor; one for each core unless set. */
  public LoraEstimator setWorkers(int value) {
    return with(workers, value);
  }

  public Param<String> reduction() {
    return reduction;
  }

  /** Order in which the workers' gradients are added up; {@code FAST} unless set. */
  public LoraEstimator setReduction(Reduction value) {
    return with(reduction, value.word());
  }

  public BooleanParam resume() {
    return resume;
  }

  /** Resumes the run in the directory from its last checkpoint; off unless set. */
  public LoraEstimator setResume(boolean value) {
    return with(resume, value);
  }

  public Param<String> inputCol() {
    return inputCol;
  }

  /** Column of the prompt that the fitted transformer reads; {@code prompt} unless set. */
  public LoraEstimator setInputCol(String value) {
    return with(inputCol, value);
  }

  public Param<String> outputCol() {
    return outputCol;
  }

  /** Column of the completion that the fitted transformer adds; {@code output} unless set. */
  public LoraEstimator setOutputCol(String value) {
    return with(outputCol, value);
  }

  public IntParam maxTokens() {
    return maxTokens;
  }

  /** Maximum number of tokens of a completion; 128 unless set. */
  public LoraEstimator setMaxTokens(int value) {
    return with(maxTokens, value);
  }

  private LoraEstimator with(Param<?> parameter, Object value) {
    set(parameter.name(), value);
    return this;
  }

  // ---- fitting ----

  /**
   * Trains.
   *
   * @throws UserError as {@link LoraSpark#fineTune}
   */
  @Override
  public LoraTransformer fit(Dataset<?> dataset) {
    transformSchema(dataset.schema());
    ClusterResult result = LoraSpark.fineTune(dataset.toDF(), recipe(), settings());
    FitLog.write(uid, result);
    Configuration hadoop = dataset.sparkSession().sparkContext().hadoopConfiguration();
    return new LoraTransformer()
        .setTask(RowTask.GENERATE)
        .setBase(getOrDefault(base))
        .setAdapter(ADAPTER, ExecutorFiles.qualified(result.directory(), hadoop))
        .setStandardAdapter(ADAPTER)
        .setInputCol(getOrDefault(inputCol))
        .setOutputCol(getOrDefault(outputCol))
        .setMaxTokens((Integer) getOrDefault(maxTokens))
        .setParent(this);
  }

  /** Checks the columns of the training data, and adds the transformer's output. */
  @Override
  public StructType transformSchema(StructType schema) {
    if (!isSet(base) || !isSet(outputDir)) {
      throw new UserError(
          "set the base and the output directory of the estimator: setBase, setOutputDir");
    }
    DatasetColumns.check(schema.fieldNames(), recipe().create().reading());
    String output = getOrDefault(outputCol);
    if (Arrays.asList(schema.fieldNames()).contains(output)) {
      throw new UserError(
          "the Dataset already has a column '" + output + "'; choose another outputCol");
    }
    return schema.add(output, DataTypes.StringType, true);
  }

  private EstimatorRecipe recipe() {
    return new EstimatorRecipe(
        getOrDefault(base),
        (Integer) getOrDefault(rank),
        (Double) getOrDefault(alpha),
        (Double) getOrDefault(learningRate),
        (Integer) getOrDefault(epochs),
        (Long) getOrDefault(maxSteps),
        (Integer) getOrDefault(batchSize),
        (Integer) getOrDefault(maxSeqLength),
        (Long) getOrDefault(seed),
        (Double) getOrDefault(validationFraction),
        EstimatorRecipe.columns(getOrDefault(columns)));
  }

  private ClusterSettings settings() {
    ClusterSettings settings =
        ClusterSettings.to(getOrDefault(outputDir))
            .executors((Integer) getOrDefault(executors))
            .workers((Integer) getOrDefault(workers))
            .reduction(Reduction.of(getOrDefault(reduction)));
    return (Boolean) getOrDefault(resume) ? settings.resume() : settings;
  }

  @Override
  public LoraEstimator copy(ParamMap extra) {
    return defaultCopy(extra);
  }
}
