package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.gate.GateLimits;
import dev.lora4j.serve.TestClient.Reply;
import dev.lora4j.serve.jobs.JobSettings;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs of the method {@code dpo}, over HTTP. */
class PreferenceTuningTest {
  private static final String JOB =
      """
      {"model": "base", "training_file": "%s", "seed": 5, "method": {"type": "dpo", "dpo": {
       "hyperparameters": {"beta": 0.2, "n_epochs": 4, "learning_rate_multiplier": 20}}}}
      """;

  /** The model has to choose one of two tokens. */
  private static final String CHOICE =
      """
      {"model": "%s", "messages": [{"role": "user", "content": "Say it 7"}], "max_tokens": 1,
       "logprobs": true, "top_logprobs": 2, "logit_bias": {"%s": 80, "%s": 80}}
      """;

  @TempDir Path directory;

  private LoraServer serve(GateLimits gate) {
    return LoraServer.builder()
        .model("base", SavedTextModel.chatty(directory.resolve("model")))
        .jobs(JobSettings.in(directory.resolve("jobs")).workers(2).gate(gate))
        .port(0)
        .start();
  }

  @Test
  void aModelThatPrefersTheRightAnswersButDoesNotStopFailsTheGate() throws Exception {
    try (LoraServer server = serve(GateLimits.defaults())) {
      TuningClient client = new TuningClient(server.port());
      String id = client.create(JOB.formatted(client.upload(TuningClient.pairs(20))));

      JsonNode job =
          client.await(id, "failed"); // a random model does not stop, and DPO teaches no end

      assertThat(job.at("/method/dpo/hyperparameters/beta").asDouble()).isEqualTo(0.2);
      JsonNode loss = job.at("/gate/checks/0");
      assertThat(loss.get("before").asDouble()).isEqualTo(Math.log(2));
      assertThat(loss.get("passed").asBoolean()).isTrue();
      assertThat(job.at("/error/code").asText()).isEqualTo("gate_failed");
      assertThat(checkpoints(client, id)).isEmpty();
    }
  }

  @Test
  void aModelThatPassesTheGateIsPublishedWithItsCheckpointsAndPrefersTheRightAnswer()
      throws Exception {
    try (LoraServer server = serve(new GateLimits(0.2, /* minStopped= */ 0))) {
      TuningClient client = new TuningClient(server.port());
      String id = client.create(JOB.formatted(client.upload(TuningClient.pairs(40))));

      JsonNode job = client.await(id, "succeeded");

      String name = job.get("fine_tuned_model").asText();
      assertThat(logProbOfYes(client, name)).isGreaterThan(logProbOfYes(client, "base"));
      assertThat(logProbOfYes(client, name)).isGreaterThan(Math.log(0.9));
      JsonNode checkpoint = checkpoints(client, id).get(0);
      String ofCheckpoint = checkpoint.get("fine_tuned_model_checkpoint").asText();
      assertThat(logProbOfYes(client, ofCheckpoint)).isGreaterThan(logProbOfYes(client, "base"));
      assertThat(checkpoint.get("metrics").has("valid_mean_token_accuracy")).isFalse();
    }
  }

  private static JsonNode checkpoints(TuningClient client, String id) {
    return client.get("/v1/fine_tuning/jobs/" + id + "/checkpoints").json().get("data");
  }

  /** The log-probability of the first token of "yes", if the answer begins with it or "no". */
  private static double logProbOfYes(TuningClient client, String model) {
    String yes = firstToken(client, "yes");
    String no = firstToken(client, "no");
    Reply reply = client.post("/v1/chat/completions", CHOICE.formatted(model, yes, no));
    for (JsonNode top : reply.json().at("/choices/0/logprobs/content/0/top_logprobs")) {
      if (top.get("token").asText().startsWith("y")) {
        return top.get("logprob").asDouble();
      }
    }
    throw new AssertionError(reply.toString());
  }

  private static String firstToken(TuningClient client, String text) {
    return client.post("/tokenize", "{\"prompt\": \"%s\"}".formatted(text)).text("/tokens/0");
  }
}
