package dev.lora4j.io.download;

import dev.lora4j.UserError;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;

/** A public address as the source of a download; redirects are followed. */
record UrlSource(URI uri) implements Download.Source {

  @Override
  public String name() {
    return uri.toString();
  }

  @Override
  public HttpAnswer open(long from, String version, Download.Limits limits) throws IOException {
    HostLookup.check(uri, limits.connect());
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(limits.stall());
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-").header("If-Range", version);
    }
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(limits.connect())
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    HttpAnswer answer = HttpAnswer.send(client, request.build());
    if (answer.status() != 200 && answer.status() != 206 && answer.status() != 416) {
      answer.close();
      throw new UserError("cannot download " + uri + ": HTTP " + answer.status());
    }
    return answer;
  }
}
