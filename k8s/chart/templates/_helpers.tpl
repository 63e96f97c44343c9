{{/* What every name of this release begins with. A release that has the chart's name in its own is not named twice. */}}
{{- define "belfry.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of a part, such as belfry-webhook-sink. Takes the root and the part; the hub is the part "". */}}
{{- define "belfry.part" -}}
{{- include "belfry.name" (index . 0) -}}{{- with index . 1 }}-{{ . }}{{ end -}}
{{- end -}}

{{/*
By what the pods of a part are found. It must never change, since Kubernetes does not let a Deployment change it. The label
app.kubernetes.io/name does not hold the name of the release, since the alerts know the hub by it.
*/}}
{{- define "belfry.selector" -}}
app.kubernetes.io/name: belfry{{ with index . 1 }}-{{ . }}{{ end }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end -}}

{{/* What selects the pods of the hub, as the Deployment does. */}}
{{- define "belfry.hub.selector" -}}
{{ include "belfry.selector" (list . "") }}
app.kubernetes.io/part-of: belfry
{{- end -}}

{{/* The labels of the pods of a part: root, part, and what the part is a component of, if of anything. */}}
{{- define "belfry.podLabels" -}}
{{ include "belfry.selector" (list (index . 0) (index . 1)) }}
app.kubernetes.io/part-of: belfry
{{- with index . 2 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* The labels of an object: those of its pods, and who manages it. */}}
{{- define "belfry.labels" -}}
{{ include "belfry.podLabels" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "belfry.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Prometheus without the operator finds the pods by these. */}}
{{- define "belfry.scrape" -}}
prometheus.io/scrape: 'true'
prometheus.io/port: '9400'
{{- end -}}

{{/* What the level "restricted" of Pod Security asks of a pod. */}}
{{- define "belfry.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* What the level "restricted" of Pod Security asks of a container, and a root file system that nobody can write to. */}}
{{- define "belfry.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "belfry.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
The probes of a source or a sink. Ready is one that has caught up, or that waits while another replica works. Alive is one
that still answers: it outlasts an absent hub by itself.
*/}}
{{- define "belfry.processProbes" -}}
startupProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/* Lets pods out to the hub and to the names of the cluster. */}}
{{- define "belfry.egressToHub" -}}
- to: [{ podSelector: { matchLabels: {{ include "belfry.selector" (list . "") | fromYaml | toJson }} } }]
  ports: [{ port: 8800 }]
{{- end -}}

{{- define "belfry.egressToNames" -}}
- { port: 53, protocol: UDP }
- { port: 53, protocol: TCP }
{{- end -}}

{{/* A policy that lets the pods with some labels reach the hub, also where nobody else may. Takes root, part, labels. */}}
{{- define "belfry.toHub" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "belfry.part" (list (index . 0) (index . 1)) }}-to-hub
  labels:
    {{- include "belfry.labels" (list (index . 0) (index . 1) "") | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "belfry.selector" (list (index . 0) "") | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: {{ index . 2 | toJson }} } }]
      ports: [{ port: 8800 }]
{{- end -}}

{{/* Refuses values with which no node would start, or with which everybody could reach a hub whose secret is known. */}}
{{- define "belfry.check" -}}
{{- with .Values -}}
{{- $see := "See src/docs/how-to/helm.md of the checkout, or /docs/how-to/helm of a node." -}}
{{- if .try -}}
{{- if or .ingress.enabled .httpRoute.enabled .redis.existingSecret .redis.url .token.existingSecret .token.secret -}}
{{- fail (printf "With try=true the hub has a Redis of its own and a secret that everybody knows. Expected neither ingress, httpRoute, redis nor token beside it. %s" $see) -}}
{{- end -}}
{{- else -}}
{{- if not (or .redis.existingSecret .redis.url .existingSecrets) -}}
{{- fail (printf "The hub has no Redis. Expected redis.existingSecret, redis.url, a Secret with BELFRY_REDIS_URL in existingSecrets, or try=true. %s" $see) -}}
{{- end -}}
{{- if not (or .token.existingSecret .token.secret .existingSecrets .settings.BELFRY_JWKS_URL .settings.BELFRY_JWT_PUBLIC_KEY) -}}
{{- fail (printf "The hub cannot check tokens. Expected token.existingSecret, token.secret, settings.BELFRY_JWKS_URL, settings.BELFRY_JWT_PUBLIC_KEY, a Secret in existingSecrets, or try=true. %s" $see) -}}
{{- end -}}
{{- end -}}
{{- if and .redis.existingSecret .redis.url -}}
{{- fail (printf "The URL of Redis is given twice. Expected redis.existingSecret or redis.url, not both. %s" $see) -}}
{{- end -}}
{{- if and .token.existingSecret .token.secret -}}
{{- fail (printf "The secret of the tokens is given twice. Expected token.existingSecret or token.secret, not both. %s" $see) -}}
{{- end -}}
{{- if and .ingress.enabled (not .ingress.host) -}}
{{- fail "An Ingress needs a host. Expected ingress.host." -}}
{{- end -}}
{{- if and .httpRoute.enabled (not (and .httpRoute.parentRefs .httpRoute.hostnames)) -}}
{{- fail "A route belongs to a Gateway and has hosts. Expected httpRoute.parentRefs, such as [{name: public, namespace: gateways}], and httpRoute.hostnames." -}}
{{- end -}}
{{- if and .webhookSource.enabled (not .webhookSource.hooks) -}}
{{- fail "A receiver of webhooks has hooks. Expected webhookSource.hooks, such as {github: {check: github, secretEnv: GITHUB_SECRET}}." -}}
{{- end -}}
{{- if and .webhookSink.enabled (not .webhookSink.to) -}}
{{- fail "A sender of webhooks posts to a URL. Expected webhookSink.to." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The settings that go into a Secret of this release, as an object; empty when existing Secrets hold them. */}}
{{- define "belfry.secretSettings" -}}
{{- $made := dict -}}
{{- if .Values.try -}}
{{- $_ := set $made "BELFRY_REDIS_URL" (printf "redis://%s:6379" (include "belfry.part" (list . "redis"))) -}}
{{- $_ := set $made "BELFRY_JWT_SECRET" "only-for-trying-out-change-me" -}}
{{- end -}}
{{- with .Values.redis.url }}{{ $_ := set $made "BELFRY_REDIS_URL" . }}{{ end -}}
{{- with .Values.token.secret }}{{ $_ := set $made "BELFRY_JWT_SECRET" . }}{{ end -}}
{{- toJson $made -}}
{{- end -}}

{{/* The settings of the ConfigMap. Metrics are served on a port of their own, to which no route leads. */}}
{{- define "belfry.settings" -}}
{{- $listen := dict "BELFRY_LISTEN" "8800=norn,8080=dorgu,9090=provisioning,8092=drp+tls,9400=metrics" -}}
{{- merge $listen .Values.settings | toJson -}}
{{- end -}}
