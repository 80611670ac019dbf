package dev.lora4j.serve.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.FineTuningJobEvent;
import com.openai.models.finetuning.jobs.JobCreateParams;
import com.openai.models.finetuning.jobs.JobListEventsParams;
import com.openai.models.finetuning.jobs.checkpoints.FineTuningJobCheckpoint;
import com.openai.models.finetuning.methods.SupervisedHyperparameters;
import com.openai.models.finetuning.methods.SupervisedMethod;
import com.openai.models.models.Model;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.serve.LoraServer;
import dev.lora4j.serve.jobs.JobSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fine-tuning by OpenAI's own client for Java. */
class OpenAiFineTuningTest {
  private static final long EPOCHS = 6;
  private static final Set<FineTuningJob.Status> UNFINISHED =
      Set.of(
          FineTuningJob.Status.VALIDATING_FILES,
          FineTuningJob.Status.QUEUED,
          FineTuningJob.Status.RUNNING);

  @TempDir static Path directory;
  private static LoraServer server;
  private static OpenAIClient client;

  @BeforeAll
  static void start() {
    server =
        LoraServer.builder()
            .model("base", SavedTextModel.chatty(directory.resolve("model")))
            .jobs(JobSettings.in(directory.resolve("jobs")).workers(2))
            .port(0)
            .start();
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl("http://127.0.0.1:" + server.port() + "/v1")
            .apiKey("any")
            .maxRetries(0)
            .build();
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  @Test
  void aFileBecomesAModelThatAnswersUntilItIsDeleted() throws Exception {
    FileObject file = upload();
    FineTuningJob created = client.fineTuning().jobs().create(job(file));
    created.validate();

    FineTuningJob job = await(created.id());

    job.validate();
    assertThat(job.status()).as(job.toString()).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    assertThat(job.trainingFile()).isEqualTo(file.id());
    assertThat(job.hyperparameters().nEpochs().orElseThrow().integer()).contains(EPOCHS);
    assertThat(job.trainedTokens().orElseThrow()).isPositive();
    assertThat(client.fineTuning().jobs().list().data().stream().map(FineTuningJob::id))
        .containsExactly(job.id());
    assertEventsAreRead(job);
    assertCheckpointsAreRead(job);

    String model = job.fineTunedModel().orElseThrow();
    assertThat(model).startsWith("ft:base:lora4j:yes:");
    assertThat(names()).contains("base", model);
    client.models().retrieve(model).validate();
    assertThat(answer(model)).isEqualTo("yes");
    assertThat(streamedAnswer(model)).isEqualTo("yes");
    assertThat(answer("base")).isNotEqualTo("yes");

    assertThat(client.models().delete(model).validate().deleted()).isTrue();
    assertThat(names()).contains("base").doesNotContain(model);
    assertThatThrownBy(() -> answer(model)).isInstanceOf(NotFoundException.class);
    assertThat(client.files().delete(file.id()).validate().deleted()).isTrue();
    assertThatThrownBy(() -> client.files().retrieve(file.id()))
        .isInstanceOf(NotFoundException.class);
  }

  private static FileObject upload() throws IOException {
    List<String> chats =
        IntStream.range(0, 40)
            .mapToObj(
                i ->
                    """
                    {"messages": [{"role": "user", "content": "Say it %d"}, \
                    {"role": "assistant", "content": "yes"}]}"""
                        .formatted(i))
            .toList();
    Path data = Files.write(directory.resolve("chats.jsonl"), chats);
    FileObject file =
        client
            .files()
            .create(FileCreateParams.builder().file(data).purpose(FilePurpose.FINE_TUNE).build());
    file.validate();
    assertThat(file.filename()).isEqualTo("chats.jsonl");
    assertThat(file.bytes()).isEqualTo(Files.size(data));
    assertThat(client.files().retrieve(file.id())).isEqualTo(file);
    assertThat(client.files().list().data()).contains(file);
    return file;
  }

  /** A job after which the model, which is random, says only "yes" and stops. */
  private static JobCreateParams job(FileObject file) {
    SupervisedHyperparameters hyperparameters =
        SupervisedHyperparameters.builder()
            .nEpochs(EPOCHS)
            .batchSize(4)
            .learningRateMultiplier(100)
            .build();
    return JobCreateParams.builder()
        .model("base")
        .trainingFile(file.id())
        .suffix("yes")
        .seed(5)
        .method(
            JobCreateParams.Method.builder()
                .type(JobCreateParams.Method.Type.SUPERVISED)
                .supervised(SupervisedMethod.builder().hyperparameters(hyperparameters).build())
                .build())
        .build();
  }

  private static FineTuningJob await(String id) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    FineTuningJob job = client.fineTuning().jobs().retrieve(id);
    while (UNFINISHED.contains(job.status())) {
      assertThat(System.nanoTime()).as(job.toString()).isLessThan(deadline);
      Thread.sleep(100);
      job = client.fineTuning().jobs().retrieve(id);
    }
    return job;
  }

  /** Reads pages of seven events, so that the client asks for the next ones. */
  private static void assertEventsAreRead(FineTuningJob job) {
    JobListEventsParams pages = JobListEventsParams.builder().limit(7).build();
    List<FineTuningJobEvent> events =
        client.fineTuning().jobs().listEvents(job.id(), pages).autoPager().stream().toList();

    events.forEach(FineTuningJobEvent::validate);
    assertThat(events).hasSizeGreaterThan(7).doesNotHaveDuplicates();
    assertThat(events.get(0).message()).contains("successfully completed");
    assertThat(events)
        .anyMatch(event -> event.type().equals(Optional.of(FineTuningJobEvent.Type.METRICS)));
  }

  private static void assertCheckpointsAreRead(FineTuningJob job) {
    List<FineTuningJobCheckpoint> checkpoints =
        client.fineTuning().jobs().checkpoints().list(job.id()).autoPager().stream().toList();

    checkpoints.forEach(FineTuningJobCheckpoint::validate);
    assertThat(checkpoints)
        .hasSize((int) EPOCHS)
        .allMatch(checkpoint -> checkpoint.fineTuningJobId().equals(job.id()));
    assertThat(validLoss(checkpoints.get(0)))
        .isLessThan(validLoss(checkpoints.get(checkpoints.size() - 1)));
    assertThat(names())
        .containsAll(
            checkpoints.stream().map(FineTuningJobCheckpoint::fineTunedModelCheckpoint).toList());
  }

  private static double validLoss(FineTuningJobCheckpoint checkpoint) {
    return checkpoint.metrics().validLoss().orElseThrow();
  }

  private static List<String> names() {
    return client.models().list().data().stream().map(Model::id).toList();
  }

  private static ChatCompletionCreateParams chat(String model) {
    return ChatCompletionCreateParams.builder()
        .model(model)
        .addUserMessage("Say it 7")
        .temperature(0)
        .maxCompletionTokens(12)
        .build();
  }

  private static String answer(String model) {
    ChatCompletion completion = client.chat().completions().create(chat(model));
    completion.validate();
    return completion.choices().get(0).message().content().orElseThrow();
  }

  private static String streamedAnswer(String model) {
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat(model))) {
      return stream.stream()
          .flatMap(chunk -> chunk.choices().stream())
          .flatMap(choice -> choice.delta().content().stream())
          .collect(Collectors.joining());
    }
  }
}
