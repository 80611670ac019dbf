/**
 * HTTP for the endpoints: routes, requests and their parameters, answers, streams of events, and
 * errors in OpenAI's form.
 */
@NullMarked
package dev.lora4j.serve.http;

import org.jspecify.annotations.NullMarked;
